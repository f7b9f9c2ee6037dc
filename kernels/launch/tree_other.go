//go:build unix && !linux

package launch

import (
	"os/exec"
	"strconv"
	"strings"
	"time"
)

// adopt does nothing: only Linux lets a process adopt its descendants' orphans.
// A daemon that a cell detaches outlives the kernel here.
func adopt() error { return nil }

// processes lists the system's processes through ps.
func processes() []info {
	text, err := exec.Command("ps", "-axo", "pid=,ppid=,rss=,state=,lstart=,comm=").Output()
	if err != nil {
		return nil
	}
	var found []info
	for line := range strings.Lines(string(text)) {
		f := strings.Fields(line)
		if len(f) < 10 {
			continue
		}
		pid, err1 := strconv.Atoi(f[0])
		parent, err2 := strconv.Atoi(f[1])
		kilobytes, err3 := strconv.ParseInt(f[2], 10, 64)
		started, err4 := time.Parse(time.ANSIC, strings.Join(f[4:9], " "))
		if err1 != nil || err2 != nil || err3 != nil || err4 != nil {
			continue
		}
		name := f[9][strings.LastIndexByte(f[9], '/')+1:]
		found = append(found, info{
			process: process{pid, started.Unix()}, parent: parent, name: name,
			resident: kilobytes << 10, zombie: strings.HasPrefix(f[3], "Z"),
		})
	}
	return found
}

// machineMemory is unknown here: no limit unless GIBBS_MEMORY_LIMIT sets one.
func machineMemory() int64 { return 0 }
