package launch

import (
	"context"
	"encoding/json"
	"fmt"
	"io"
	"log"
	"os"
	"path/filepath"
	"time"

	"github.com/go-zeromq/zmq4"
)

// connection is Jupyter's connection file.
type connection struct {
	Transport string `json:"transport"`
	IP        string `json:"ip"`
	Key       string `json:"key"`
	Scheme    string `json:"signature_scheme"`
	Shell     int    `json:"shell_port"`
	Control   int    `json:"control_port"`
	Stdin     int    `json:"stdin_port"`
	IOPub     int    `json:"iopub_port"`
	Heartbeat int    `json:"hb_port"`
	Kernel    string `json:"kernel_name,omitempty"`
}

func readConnection(file string) (connection, error) {
	var c connection
	text, err := os.ReadFile(file)
	if err != nil {
		return c, fmt.Errorf("launch: connection file: %w", err)
	}
	if err := json.Unmarshal(text, &c); err != nil {
		return c, fmt.Errorf("launch: connection file %s: %w", file, err)
	}
	return c, nil
}

// private is the connection over which the guard talks to GoNB: sockets in a
// folder that only this user can open, with the same key.
func (c connection) private(dir string) connection {
	return connection{
		Transport: "ipc", IP: filepath.Join(dir, "zmq"), Key: c.Key, Scheme: c.Scheme,
		Shell: 1, Control: 2, Stdin: 3, IOPub: 4, Heartbeat: 5, Kernel: c.Kernel,
	}
}

func (c connection) write(file string) error {
	text, err := json.Marshal(c)
	if err != nil {
		return err
	}
	return os.WriteFile(file, text, 0o600)
}

func (c connection) address(port int) string {
	if c.Transport == "ipc" {
		return fmt.Sprintf("ipc://%s-%d", c.IP, port)
	}
	return fmt.Sprintf("%s://%s:%d", c.Transport, c.IP, port)
}

// channel names a socket and the side that it faces.
type channel int

const (
	shellFront channel = iota
	controlFront
	stdinFront
	iopubFront
	shellBack
	controlBack
	stdinBack
	iopubBack
)

// frame is what arrived on a channel.
type frame struct {
	from   channel
	frames [][]byte
}

// sockets are both sides of the proxy: towards Jupyter and towards GoNB.
type sockets struct {
	byChannel map[channel]zmq4.Socket
	heartbeat zmq4.Socket
}

// listen binds the sockets of Jupyter's connection.
func (s *sockets) listen(ctx context.Context, c connection) error {
	s.byChannel = map[channel]zmq4.Socket{
		shellFront:   zmq4.NewRouter(ctx, quiet),
		controlFront: zmq4.NewRouter(ctx, quiet),
		stdinFront:   zmq4.NewRouter(ctx, quiet),
		iopubFront:   zmq4.NewPub(ctx, quiet),
	}
	s.heartbeat = zmq4.NewRep(ctx, quiet)
	if c.Transport == "tcp" {
		c.Transport = guarded
	}
	ports := map[channel]int{shellFront: c.Shell, controlFront: c.Control, stdinFront: c.Stdin, iopubFront: c.IOPub}
	for name, port := range ports {
		if err := s.byChannel[name].Listen(c.address(port)); err != nil {
			return fmt.Errorf("launch: %w", err)
		}
	}
	if err := s.heartbeat.Listen(c.address(c.Heartbeat)); err != nil {
		return fmt.Errorf("launch: %w", err)
	}
	go s.beat(ctx)
	return nil
}

// dial connects to GoNB, which may still be starting.
func (s *sockets) dial(ctx context.Context, c connection) error {
	options := []zmq4.Option{
		quiet,
		zmq4.WithID(zmq4.SocketIdentity("gibbs")), // one identity, so that GoNB's stdin requests find their way back
		zmq4.WithDialerRetry(10 * time.Millisecond),
		zmq4.WithDialerMaxRetries(3000),
	}
	s.byChannel[shellBack] = zmq4.NewDealer(ctx, options...)
	s.byChannel[controlBack] = zmq4.NewDealer(ctx, options...)
	s.byChannel[stdinBack] = zmq4.NewDealer(ctx, options...)
	s.byChannel[iopubBack] = zmq4.NewSub(ctx, options...)
	ports := []struct {
		name channel
		port int
	}{{iopubBack, c.IOPub}, {shellBack, c.Shell}, {controlBack, c.Control}, {stdinBack, c.Stdin}}
	for _, p := range ports {
		if err := s.byChannel[p.name].Dial(c.address(p.port)); err != nil {
			return fmt.Errorf("launch: GoNB does not answer: %w", err)
		}
	}
	return s.byChannel[iopubBack].SetOption(zmq4.OptionSubscribe, "")
}

// read passes everything that arrives on a channel to out until ctx ends.
func (s *sockets) read(ctx context.Context, name channel, out chan<- frame) {
	for {
		msg, err := s.byChannel[name].Recv()
		if ctx.Err() != nil {
			return
		}
		if err != nil {
			time.Sleep(time.Millisecond) // a peer went away; others stay
			continue
		}
		select {
		case out <- frame{name, msg.Frames}:
		case <-ctx.Done():
			return
		}
	}
}

// send writes a message; one that cannot be sent has no reader any more.
func (s *sockets) send(to channel, m *message, key []byte) {
	_ = s.byChannel[to].SendMulti(zmq4.NewMsgFrom(m.frames(key)...))
}

// beat answers Jupyter's heartbeats until ctx ends.
func (s *sockets) beat(ctx context.Context) {
	for {
		msg, err := s.heartbeat.Recv()
		if ctx.Err() != nil {
			return
		}
		if err != nil {
			time.Sleep(time.Millisecond) // no heartbeat, whatever it was
			continue
		}
		_ = s.heartbeat.Send(msg)
	}
}

func (s *sockets) close() {
	for _, socket := range s.byChannel {
		_ = socket.Close()
	}
	if s.heartbeat != nil {
		_ = s.heartbeat.Close()
	}
}

// quiet drops zmq4's log: a client that disconnects is no event.
var quiet = zmq4.WithLogger(log.New(io.Discard, "", 0))
