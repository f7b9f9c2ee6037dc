package launch

import (
	"fmt"
	"math/rand/v2"
	"slices"
	"strconv"
	"syscall"
	"testing"
	"time"
)

// spread describes durations by their median and their largest.
func spread(d []time.Duration) string {
	if len(d) == 0 {
		return "none"
	}
	d = slices.Sorted(slices.Values(d))
	return fmt.Sprintf("%d times, median %v, max %v", len(d), d[len(d)/2].Round(time.Millisecond), d[len(d)-1].Round(time.Millisecond))
}

// Each interrupt must leave the kernel idle within 6 s, without a process of the
// cell, without a zombie, and able to run the next cell.
func TestStressInterrupts(t *testing.T) {
	k := startKernel(t)
	random := rand.New(rand.NewPCG(1, 2))
	took, next := map[string][]time.Duration{}, []time.Duration{}
	survivors, zombies := 0, 0
	for n := range *interrupts {
		kind := n % len(endless)
		name := endless[kind].name
		c := k.submit(endlessCode(kind, strconv.Itoa(n)))
		if stays(kind) {
			c.printed("ready")
		} else {
			time.Sleep(time.Duration(random.IntN(700)) * time.Millisecond)
		}
		start := time.Now()
		k.interrupt()
		r := c.wait()
		idle := time.Since(start)
		took[name] = append(took[name], idle)
		if r.status == "ok" || idle > 6*time.Second {
			t.Errorf("%d, %s: idle after %v: %v", n, name, idle, r)
		}
		r = k.run("!echo " + strconv.Itoa(n))
		next = append(next, time.Since(start))
		if r.stdout != strconv.Itoa(n)+"\n" {
			t.Errorf("%d, %s: the next cell: %v", n, name, r)
		}
		living, dead := k.strangers()
		if len(living) == 0 && len(dead) > 0 { // the guard collects what it adopted ten times a second
			time.Sleep(300 * time.Millisecond)
			living, dead = k.strangers()
		}
		survivors, zombies = survivors+len(living), zombies+len(dead)
		if len(living)+len(dead) > 0 {
			t.Errorf("%d, %s: left are %v, zombies %v", n, name, living, dead)
		}
	}
	k.run("%%\nfmt.Println(\"Go too\")")
	for _, kind := range endless {
		t.Logf("%-20s idle after an interrupt: %s", kind.name, spread(took[kind.name]))
	}
	t.Logf("the next cell answered after an interrupt: %s", spread(next))
	t.Logf("%d interrupts, %d survivors, %d zombies", *interrupts, survivors, zombies)
}

// Whichever process of a kernel is killed, in whatever cell, neither a process
// nor a folder is left within 10 s.
func TestStressKills(t *testing.T) {
	random := rand.New(rand.NewPCG(3, 4))
	victims := []struct {
		name string
		kill func(k *kernel) error
	}{
		{"front", func(k *kernel) error { return k.cmd.Process.Kill() }},
		{"guard", func(k *kernel) error { return syscall.Kill(k.guard().pid, syscall.SIGKILL) }},
		{"GoNB", func(k *kernel) error { return syscall.Kill(k.gonb().pid, syscall.SIGKILL) }},
		{"group of the front", func(k *kernel) error { return syscall.Kill(-k.cmd.Process.Pid, syscall.SIGKILL) }},
	}
	took := map[string][]time.Duration{}
	for n := range *kills {
		victim, kind := victims[n%len(victims)], random.IntN(len(endless))
		t.Run(fmt.Sprintf("%d %s in %s", n, victim.name, endless[kind].name), func(t *testing.T) {
			k := startKernel(t)
			c := k.submit(endlessCode(kind, strconv.Itoa(n)))
			if stays(kind) {
				c.printed("ready")
			}
			time.Sleep(time.Duration(random.IntN(300)) * time.Millisecond)
			if err := victim.kill(k); err != nil {
				t.Fatal(err)
			}
			took[victim.name] = append(took[victim.name], k.gone(10*time.Second))
		})
	}
	for _, victim := range victims {
		t.Logf("%-20s killed, nothing left: %s", victim.name, spread(took[victim.name]))
	}
}
