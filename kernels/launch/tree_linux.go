package launch

import (
	"bytes"
	"os"
	"strconv"
	"strings"

	"golang.org/x/sys/unix"
)

// adopt makes this process the parent of its descendants' orphans.
func adopt() error { return unix.Prctl(unix.PR_SET_CHILD_SUBREAPER, 1, 0, 0, 0) }

// processes lists the system's processes from /proc.
func processes() []info {
	dir, err := os.Open("/proc")
	if err != nil {
		return nil
	}
	defer dir.Close()
	names, _ := dir.Readdirnames(-1)
	var found []info
	for _, name := range names {
		pid, err := strconv.Atoi(name)
		if err != nil {
			continue
		}
		if stat, err := os.ReadFile("/proc/" + name + "/stat"); err == nil {
			if p, ok := parseStat(pid, stat); ok {
				found = append(found, p)
			}
		}
	}
	return found
}

// parseStat reads /proc/PID/stat; the name, in parentheses, may hold any byte.
// Fields behind it, from proc(5): state is 3, ppid 4, starttime 22, rss 24.
func parseStat(pid int, stat []byte) (info, bool) {
	open, shut := bytes.IndexByte(stat, '('), bytes.LastIndexByte(stat, ')')
	if open < 0 || shut < open {
		return info{}, false
	}
	fields := strings.Fields(string(stat[shut+1:]))
	if len(fields) < 22 {
		return info{}, false
	}
	parent, err1 := strconv.Atoi(fields[4-3])
	started, err2 := strconv.ParseInt(fields[22-3], 10, 64)
	pages, err3 := strconv.ParseInt(fields[24-3], 10, 64)
	if err1 != nil || err2 != nil || err3 != nil {
		return info{}, false
	}
	return info{
		process: process{pid, started}, parent: parent, name: string(stat[open+1 : shut]),
		resident: pages * pageSize, zombie: fields[0] == "Z" || fields[0] == "X",
	}, true
}

// machineMemory is the memory of the machine, or of the control group if that
// is less.
func machineMemory() int64 {
	var system unix.Sysinfo_t
	if unix.Sysinfo(&system) != nil {
		return 0
	}
	total := int64(system.Totalram) * int64(system.Unit)
	if text, err := os.ReadFile("/sys/fs/cgroup/memory.max"); err == nil {
		if limit, err := strconv.ParseInt(strings.TrimSpace(string(text)), 10, 64); err == nil && limit < total {
			total = limit
		}
	}
	return total
}
