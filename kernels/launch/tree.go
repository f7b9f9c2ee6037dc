package launch

import (
	"fmt"
	"os"
	"syscall"
	"time"
)

// process names one process for good: a number is used again, a number with its
// start time is not.
type process struct {
	pid     int
	started int64
}

// info is what the system says of a process.
type info struct {
	process
	parent   int
	name     string
	resident int64 // bytes
	zombie   bool
}

// How long a cell may take to end after an interrupt, and a kernel's processes
// after its end, before they are killed. Jupyter waits five seconds for a kernel.
const (
	GraceInterrupt = 5 * time.Second
	GraceShutdown  = 2 * time.Second
)

// tree is the guard's view of the processes below it.
type tree struct {
	root  int           // the guard
	gonb  int           // GoNB's process, which is not part of any cell
	grace time.Duration // from an interrupt's SIGINT to its SIGKILL
}

// cell returns the processes that cells started: all descendants but GoNB and
// its language server.
func (t *tree) cell() []info {
	children := map[int][]info{}
	for _, p := range processes() {
		children[p.parent] = append(children[p.parent], p)
	}
	var found []info
	var walk func(parent int)
	walk = func(parent int) {
		for _, p := range children[parent] {
			if p.name == "gopls" {
				continue
			}
			if p.pid != t.gonb && !p.zombie {
				found = append(found, p)
			}
			walk(p.pid)
		}
	}
	walk(t.root)
	return found
}

// snapshot returns the processes that run before a cell starts.
func (t *tree) snapshot() map[process]bool {
	before := map[process]bool{}
	for _, p := range t.cell() {
		before[p.process] = true
	}
	return before
}

// interrupt sends SIGINT to every process of the running cell, and to those that
// start meanwhile, until the cell has ended and none is left; what is left after
// the grace is killed. Processes in spare belong to earlier cells.
func (t *tree) interrupt(spare map[process]bool, ended <-chan struct{}) {
	kill := time.Now().Add(t.grace)
	giveUp := kill.Add(GraceShutdown)
	told := map[process]bool{}
	for now := time.Now(); now.Before(giveUp); now = time.Now() {
		left := 0
		for _, p := range t.cell() {
			if spare[p.process] {
				continue
			}
			left++
			switch {
			case now.After(kill):
				_ = syscall.Kill(p.pid, syscall.SIGKILL)
			case !told[p.process]:
				told[p.process] = true
				_ = syscall.Kill(p.pid, syscall.SIGINT)
			}
		}
		t.reap()
		select {
		case <-ended:
			if left == 0 {
				return
			}
		default:
		}
		time.Sleep(20 * time.Millisecond)
	}
}

// end ends every process below the guard: cells get SIGINT and GraceShutdown to
// save what they have, then everything is killed, GoNB and its server too.
func (t *tree) end() {
	kill := time.Now().Add(GraceShutdown)
	told := map[process]bool{}
	for time.Now().Before(kill) {
		cell := t.cell()
		if len(cell) == 0 {
			break
		}
		for _, p := range cell {
			if !told[p.process] {
				told[p.process] = true
				_ = syscall.Kill(p.pid, syscall.SIGINT)
			}
		}
		t.reap()
		time.Sleep(20 * time.Millisecond)
	}
	killBelow(t.root)
}

// killBelow kills every descendant of a process until none is left. Orphans come
// to the process that adopts them, so they are found on the next round.
func killBelow(root int) {
	for range 250 { // five seconds; a process that cannot die by then waits for its disk
		left := below(root)
		if len(left) == 0 {
			return
		}
		for _, p := range left {
			if !p.zombie {
				_ = syscall.Kill(p.pid, syscall.SIGKILL)
			} else if p.parent == root {
				_, _ = syscall.Wait4(p.pid, nil, syscall.WNOHANG, nil)
			}
		}
		time.Sleep(20 * time.Millisecond)
	}
}

// below returns every descendant of a process, zombies included.
func below(root int) []info {
	children := map[int][]info{}
	for _, p := range processes() {
		children[p.parent] = append(children[p.parent], p)
	}
	var found []info
	queue := []int{root}
	for len(queue) > 0 {
		for _, p := range children[queue[0]] {
			found = append(found, p)
			queue = append(queue, p.pid)
		}
		queue = queue[1:]
	}
	return found
}

// reap collects adopted processes that have ended; GoNB's end is its waiter's.
func (t *tree) reap() {
	for _, p := range processes() {
		if p.parent == t.root && p.zombie && p.pid != t.gonb {
			_, _ = syscall.Wait4(p.pid, nil, syscall.WNOHANG, nil)
		}
	}
}

// enforce kills the largest process of the cell when together they hold more
// than limit bytes. It returns what they held and the name of the killed one.
func (t *tree) enforce(limit int64) (used int64, killed string) {
	var largest info
	for _, p := range t.cell() {
		used += p.resident
		if p.resident > largest.resident {
			largest = p
		}
	}
	if limit <= 0 || used <= limit {
		return used, ""
	}
	_ = syscall.Kill(largest.pid, syscall.SIGKILL)
	return used, fmt.Sprintf("%s (%d)", largest.name, largest.pid)
}

// pageSize converts the system's counts of pages.
var pageSize = int64(os.Getpagesize())
