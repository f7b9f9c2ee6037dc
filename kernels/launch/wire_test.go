package launch

import (
	"context"
	"crypto/rand"
	"fmt"
	"net"
	"os"
	"path/filepath"
	"strconv"
	"testing"
	"time"

	"github.com/go-zeromq/zmq4"
)

// answers fails the test unless the kernel runs a cell.
func (k *kernel) answers() {
	k.t.Helper()
	if r := k.run("!echo on"); r.status != "ok" || r.stdout != "on\n" {
		k.t.Errorf("the kernel does not answer: %v", r)
	}
}

func TestHostileMessagesAreDropped(t *testing.T) {
	k := startKernel(t)
	touched := filepath.Join(k.temp, "touched")
	request := (&message{header: []byte(`{}`)}).reply("execute_request", nil, map[string]any{"code": "!touch " + touched})
	request.parent = []byte("{}")
	unsigned := request.frames(nil)
	forged := request.frames([]byte("another key"))
	replaced := request.frames([]byte(k.connection.Key))
	replaced[len(replaced)-1] = append([]byte(" "), replaced[len(replaced)-1]...)
	hostile := [][][]byte{unsigned, forged, replaced, {{}}, {delimiter}, {delimiter, {}, {}, {}, {}, {}}, {delimiter, delimiter, delimiter}}
	for n := range 200 {
		var frames [][]byte
		for range n % 9 {
			b := make([]byte, n)
			_, _ = rand.Read(b)
			frames = append(frames, b)
		}
		hostile = append(hostile, append(frames, delimiter, []byte("{}")))
	}
	for i, frames := range hostile {
		for _, socket := range []zmq4.Socket{k.shell, k.control} {
			if err := socket.SendMulti(zmq4.NewMsgFrom(frames...)); err != nil {
				t.Fatalf("hostile message %d: %v", i, err)
			}
		}
	}
	k.answers()
	if _, err := os.Stat(touched); err == nil {
		t.Error("a message without a valid signature ran a cell")
	}
}

// hail are the first bytes of a DEALER, a SUB or a REQ in ZeroMQ's protocol: the
// greeting and the command READY.
func hail(kind string) []byte {
	greeting := make([]byte, 64)
	greeting[0], greeting[9], greeting[10] = 0xff, 0x7f, 3
	copy(greeting[12:], "NULL")
	ready := fmt.Sprintf("\x05READY\x0bSocket-Type\x00\x00\x00%c%s", len(kind), kind)
	return append(append(greeting, 4, byte(len(ready))), ready...)
}

// Whoever can open a connection, which any user of the machine can, must not be
// able to end the kernel or to keep Jupyter out.
func TestHostileConnectionsAreHarmless(t *testing.T) {
	k := startKernel(t)
	c := k.connection
	kinds := map[int]string{c.Shell: "DEALER", c.Control: "DEALER", c.Stdin: "DEALER", c.IOPub: "SUB", c.Heartbeat: "REQ"}
	connect := func(port int, bytes ...byte) {
		t.Helper()
		conn, err := net.Dial("tcp", net.JoinHostPort(c.IP, strconv.Itoa(port)))
		if err != nil {
			t.Fatal(err)
		}
		t.Cleanup(func() { conn.Close() }) // until then it stays open and silent
		if _, err := conn.Write(bytes); err != nil {
			t.Fatal(err)
		}
	}
	endless := []byte{2, 0x3f, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff} // a frame of 2⁶² bytes
	large := []byte{2, 0, 0, 1, 0, 0, 0, 0, 0}                           // one of 1 TiB
	for port, kind := range kinds {
		connect(port)
		connect(port, []byte("GET / HTTP/1.1\r\nHost: localhost\r\n\r\n")...)
		connect(port, hail(kind)[:30]...)
		connect(port, append(hail("PULL"), 0, 0)...)
		connect(port, append(hail(kind), endless...)...)
		connect(port, append(hail(kind), large...)...)
		connect(port, append(hail(kind), 0, 1, 'x')...) // a message without the frames of its protocol
	}
	k.answers()
	another := *k
	another.dial()
	another.answers()
	k.beats(3)
}

// beats fails the test unless the kernel answers heartbeats.
func (k *kernel) beats(times int) {
	k.t.Helper()
	ctx, cancel := context.WithTimeout(context.Background(), 10*time.Second)
	defer cancel()
	socket := zmq4.NewReq(ctx, quiet)
	defer socket.Close()
	if err := socket.Dial(k.connection.address(k.connection.Heartbeat)); err != nil {
		k.t.Fatal(err)
	}
	for n := range times {
		want := fmt.Sprintf("ping %d", n)
		if err := socket.Send(zmq4.NewMsgString(want)); err != nil {
			k.t.Fatal(err)
		}
		if got, err := socket.Recv(); err != nil || string(got.Bytes()) != want {
			k.t.Fatalf("heartbeat %d: %q, %v", n, got.Bytes(), err)
		}
	}
}

func TestHeartbeatsAreAnsweredWhileACellRuns(t *testing.T) {
	k := startKernel(t)
	c := k.submit("!echo ready; sleep 1")
	c.printed("ready")
	k.beats(3)
	k.beats(3) // another client, after the first has gone
	if c.wait(); c.r.took < time.Second {
		t.Errorf("the cell was over after %v: nothing was shown", c.r.took)
	}
}

func TestEmptyKeyMeansUnsigned(t *testing.T) {
	needGoNB(t)
	k := prepare(t)
	k.connection.Key = ""
	if err := k.connection.write(k.file()); err != nil {
		t.Fatal(err)
	}
	k.begin()
	k.answers()
}
