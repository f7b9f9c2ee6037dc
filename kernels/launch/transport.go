package launch

import (
	"context"
	"encoding/binary"
	"errors"
	"net"
	"time"

	"github.com/go-zeromq/zmq4"
	"github.com/go-zeromq/zmq4/transport"
)

// Bounds of a connection to the kernel. Any user of the machine can open one, and
// zmq4 trusts it: it waits for a handshake without end, accepting nobody else
// meanwhile, and makes room for a frame of any announced size.
const (
	handshakeTime = 2 * time.Second
	maxFrame      = 512 << 20 // bytes; as large as what Jupyter's server takes from a browser
)

// guarded is the name of the transport that is TCP within these bounds.
const guarded = "guarded"

func init() {
	if err := zmq4.RegisterTransport(guarded, guardedTransport{transport.New("tcp")}); err != nil {
		panic(err) // the name is taken: a mistake in this program
	}
}

type guardedTransport struct{ transport.Transport }

func (t guardedTransport) Listen(ctx context.Context, addr string) (net.Listener, error) {
	l, err := t.Transport.Listen(ctx, addr)
	return guardedListener{l}, err
}

type guardedListener struct{ net.Listener }

func (l guardedListener) Accept() (net.Conn, error) {
	conn, err := l.Listener.Accept()
	if err != nil {
		return nil, err
	}
	_ = conn.SetDeadline(time.Now().Add(handshakeTime)) // until the handshake is over
	return &guardedConn{Conn: conn, rest: greetingSize}, nil
}

// guardedConn follows the frames of ZeroMQ's protocol (ZMTP 3, RFC 23) that come
// in: a greeting, a command that ends the handshake, then messages. Each frame has
// a byte of flags and its size, in one byte or, with flagLong, in eight.
type guardedConn struct {
	net.Conn
	rest   uint64 // bytes to come of the greeting or of a frame's body
	header []byte // of the next frame, as far as it has come
	frames int    // that were announced so far
}

const (
	greetingSize = 64
	flagLong     = 2
)

var errFrameSize = errors.New("launch: a frame of a message is too large")

func (c *guardedConn) Read(p []byte) (int, error) {
	n, err := c.Conn.Read(p)
	if err == nil {
		err = c.follow(p[:n])
	}
	if err != nil {
		c.Conn.Close()
		return 0, err
	}
	return n, nil
}

// follow takes in bytes that were read.
func (c *guardedConn) follow(b []byte) error {
	for len(b) > 0 {
		if skip := min(c.rest, uint64(len(b))); skip > 0 {
			c.rest -= skip
			b = b[skip:]
		} else {
			c.header = append(c.header, b[0])
			b = b[1:]
			if err := c.announce(); err != nil {
				return err
			}
		}
		if c.frames == 1 && c.rest == 0 {
			_ = c.SetDeadline(time.Time{})
		}
	}
	return nil
}

// announce reads the size of the next frame when its header is whole.
func (c *guardedConn) announce() error {
	long := c.header[0]&flagLong != 0
	switch {
	case len(c.header) == 2 && !long:
		c.rest = uint64(c.header[1])
	case len(c.header) == 9:
		c.rest = binary.BigEndian.Uint64(c.header[1:])
	default:
		return nil
	}
	if c.rest > maxFrame {
		return errFrameSize
	}
	c.header = c.header[:0]
	c.frames++
	return nil
}
