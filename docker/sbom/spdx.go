package main

import (
	"cmp"
	"crypto/sha256"
	"fmt"
	"regexp"
	"slices"
	"time"
)

// component is one thing that the image is made of.
type component struct {
	Name, Version string
	URL           string // package URL: pkg:golang/…, pkg:pypi/…, pkg:deb/…, pkg:generic/…
	SHA256        string // of the installed file, where one was checked; else ""
}

// document is an SPDX 2.3 document, as far as it is used here.
type document struct {
	Version       string         `json:"spdxVersion"`
	License       string         `json:"dataLicense"`
	ID            string         `json:"SPDXID"`
	Name          string         `json:"name"`
	Namespace     string         `json:"documentNamespace"`
	Creation      creation       `json:"creationInfo"`
	Packages      []spdxPackage  `json:"packages"`
	Relationships []relationship `json:"relationships"`
}

type creation struct {
	Created  string   `json:"created"`
	Creators []string `json:"creators"`
}

type spdxPackage struct {
	Name       string     `json:"name"`
	ID         string     `json:"SPDXID"`
	Version    string     `json:"versionInfo,omitempty"`
	Download   string     `json:"downloadLocation"`
	Analyzed   bool       `json:"filesAnalyzed"`
	Concluded  string     `json:"licenseConcluded"`
	Declared   string     `json:"licenseDeclared"`
	Copyright  string     `json:"copyrightText"`
	Checksums  []checksum `json:"checksums,omitempty"`
	References []external `json:"externalRefs,omitempty"`
}

type checksum struct {
	Algorithm string `json:"algorithm"`
	Value     string `json:"checksumValue"`
}

type external struct {
	Category string `json:"referenceCategory"`
	Type     string `json:"referenceType"`
	Locator  string `json:"referenceLocator"`
}

type relationship struct {
	Element string `json:"spdxElementId"`
	Type    string `json:"relationshipType"`
	Related string `json:"relatedSpdxElement"`
}

const (
	none    = "NOASSERTION" // SPDX's word for what the author does not claim to know
	imageID = "SPDXRef-image"
)

// describe makes the document of an image that holds these components. The same
// components make the same document but for the date.
func describe(found []component, date time.Time) document {
	slices.SortFunc(found, func(a, b component) int { return cmp.Compare(a.URL, b.URL) })
	found = slices.CompactFunc(found, func(a, b component) bool { return a.URL == b.URL })
	doc := document{
		Version: "SPDX-2.3", License: "CC0-1.0", ID: "SPDXRef-DOCUMENT", Name: "gibbs",
		Namespace: fmt.Sprintf("https://spdx.org/spdxdocs/gibbs-%x", sha256.Sum256(fmt.Append(nil, found))),
		Creation:  creation{date.UTC().Format(time.RFC3339), []string{"Tool: gibbs-docker-sbom"}},
		Packages: []spdxPackage{{Name: "gibbs-image", ID: imageID, Download: none,
			Concluded: none, Declared: "Apache-2.0", Copyright: none}},
		Relationships: []relationship{{"SPDXRef-DOCUMENT", "DESCRIBES", imageID}},
	}
	for i, c := range found {
		p := spdxPackage{Name: c.Name, ID: fmt.Sprintf("SPDXRef-%d-%s", i+1, idSafe(c.Name)), Version: c.Version,
			Download: none, Concluded: none, Declared: none, Copyright: none,
			References: []external{{"PACKAGE-MANAGER", "purl", c.URL}}}
		if c.SHA256 != "" {
			p.Checksums = []checksum{{"SHA256", c.SHA256}}
		}
		doc.Packages = append(doc.Packages, p)
		doc.Relationships = append(doc.Relationships, relationship{imageID, "CONTAINS", p.ID})
	}
	return doc
}

var unsafeInID = regexp.MustCompile(`[^A-Za-z0-9.-]+`)

// idSafe leaves what an SPDX identifier may hold.
func idSafe(name string) string { return unsafeInID.ReplaceAllString(name, "-") }
