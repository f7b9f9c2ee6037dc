package main

import (
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/sha256"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/pem"
	"fmt"
	"io"
	"math/big"
	"net"
	"os"
	"path/filepath"
	"time"

	"gibbs/kernels/file"
)

// ownCertificate returns the files of a certificate that this Hub made for itself,
// and makes it at first and when it is about to end. It keeps passwords from being
// read on their way; that the Hub is the right one, only its fingerprint says.
func ownCertificate(dir string, out io.Writer) (cert, key string, err error) {
	cert, key = filepath.Join(dir, "own-cert.pem"), filepath.Join(dir, "own-key.pem")
	der, err := readCertificate(cert, key, time.Now())
	if err != nil {
		if der, err = makeCertificate(cert, key, time.Now()); err != nil {
			return "", "", fmt.Errorf("hub: making a certificate: %w", err)
		}
	}
	fmt.Fprintf(out, "The Hub made its certificate itself, so browsers warn once; its SHA-256 fingerprint is\n  %X\nGive a real one with --cert and --key.\n", sha256.Sum256(der))
	return cert, key, nil
}

// readCertificate returns the certificate that is there, if it is still good for a
// month.
func readCertificate(cert, key string, now time.Time) ([]byte, error) {
	text, err := os.ReadFile(cert)
	if err != nil {
		return nil, err
	}
	block, _ := pem.Decode(text)
	if block == nil {
		return nil, fmt.Errorf("%s holds no certificate", cert)
	}
	c, err := x509.ParseCertificate(block.Bytes)
	if err != nil {
		return nil, err
	}
	if now.AddDate(0, 1, 0).After(c.NotAfter) {
		return nil, fmt.Errorf("%s is good until %v", cert, c.NotAfter)
	}
	_, err = os.Stat(key)
	return block.Bytes, err
}

// makeCertificate makes a certificate for this machine's name and addresses, good
// for a year.
func makeCertificate(cert, key string, now time.Time) ([]byte, error) {
	private, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		return nil, err
	}
	serial, err := rand.Int(rand.Reader, new(big.Int).Lsh(big.NewInt(1), 127))
	if err != nil {
		return nil, err
	}
	host, err := os.Hostname()
	if err != nil {
		return nil, err
	}
	about := &x509.Certificate{
		SerialNumber: serial, Subject: pkix.Name{CommonName: host},
		NotBefore: now.Add(-time.Hour), NotAfter: now.AddDate(1, 0, 0),
		KeyUsage: x509.KeyUsageDigitalSignature, ExtKeyUsage: []x509.ExtKeyUsage{x509.ExtKeyUsageServerAuth},
		BasicConstraintsValid: true, DNSNames: []string{host, "localhost"},
	}
	addresses, err := net.InterfaceAddrs()
	if err != nil {
		return nil, err
	}
	for _, a := range addresses {
		if ip, ok := a.(*net.IPNet); ok {
			about.IPAddresses = append(about.IPAddresses, ip.IP)
		}
	}
	der, err := x509.CreateCertificate(rand.Reader, about, about, private.Public(), private)
	if err != nil {
		return nil, err
	}
	secret, err := x509.MarshalPKCS8PrivateKey(private)
	if err != nil {
		return nil, err
	}
	for name, block := range map[string]*pem.Block{key: {Type: "PRIVATE KEY", Bytes: secret}, cert: {Type: "CERTIFICATE", Bytes: der}} {
		if err := file.Replace(name, 0o600, func(w io.Writer) error { return pem.Encode(w, block) }); err != nil {
			return nil, err
		}
	}
	return der, nil
}
