package launch

import (
	"bytes"
	"errors"
	"net"
	"testing"
)

// However the bytes fall into reads, the same frames are found.
func TestGuardedConnectionFollowsFrames(t *testing.T) {
	long := append([]byte{2, 0, 0, 0, 0, 0, 0, 1, 44}, make([]byte, 300)...)
	stream := bytes.Join([][]byte{hail("DEALER"), {0, 3, 'a', 2, 'c'}, {1, 0}, long, {0, 0}}, nil)
	for chunk := 1; chunk < len(stream); chunk++ {
		client, server := net.Pipe()
		c := &guardedConn{Conn: server, rest: greetingSize}
		for rest := stream; len(rest) > 0; {
			n := min(chunk, len(rest))
			if err := c.follow(rest[:n]); err != nil {
				t.Fatalf("chunks of %d: %v", chunk, err)
			}
			rest = rest[n:]
		}
		if c.frames != 5 || c.rest != 0 || len(c.header) != 0 {
			t.Errorf("chunks of %d: %d frames, %d bytes to come, header %v", chunk, c.frames, c.rest, c.header)
		}
		client.Close()
		server.Close()
	}
}

func TestGuardedConnectionRefusesLargeFrames(t *testing.T) {
	frame := func(size ...byte) []byte { return append(hail("DEALER"), append([]byte{2}, size...)...) }
	for _, c := range []struct {
		stream []byte
		want   error
	}{
		{frame(0, 0, 0, 0, 0x20, 0, 0, 0), nil}, // 512 MiB
		{frame(0, 0, 0, 0, 0x20, 0, 0, 1), errFrameSize},
		{frame(0xff, 0, 0, 0, 0, 0, 0, 0), errFrameSize},
	} {
		client, server := net.Pipe()
		go func() { _, _ = client.Write(c.stream) }()
		guarded := &guardedConn{Conn: server, rest: greetingSize}
		var err error
		for read := 0; read < len(c.stream) && err == nil; {
			var n int
			n, err = guarded.Read(make([]byte, 50))
			read += n
		}
		if !errors.Is(err, c.want) {
			t.Errorf("frame %x: %v, want %v", c.stream[len(c.stream)-8:], err, c.want)
		}
		client.Close()
		server.Close()
	}
}
