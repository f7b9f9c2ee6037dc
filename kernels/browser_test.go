package main

import (
	"bufio"
	"bytes"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strings"
	"syscall"
	"testing"
	"time"

	"gibbs/kernels/labtest"
	"gibbs/kernels/setup"

	"github.com/chromedp/chromedp"
)

// What the browser opens, from the repository's root.
const (
	lessonNotebook = "notebooks/2-score/02-denoising-score-matching.ipynb"
	stopNotebook   = "kernels/testdata/browser/stop.ipynb"
)

// TestBrowser uses JupyterLab as a person does, in Chromium: it runs a lesson from
// the start to its truth table, and stops a training. Screenshots are kept in
// .gibbs/out/browser.
func TestBrowser(t *testing.T) {
	if testing.Short() {
		t.Skip("takes minutes")
	}
	layout, err := setup.Find()
	if err != nil {
		t.Fatal(err)
	}
	if _, err := os.Stat(layout.Kernelspec("gibbs")); err != nil {
		t.Skipf("%v: `go run ./kernels setup` brings it", err)
	}
	address := startLab(t, layout)
	b := labtest.Open(t, filepath.Join(layout.Out(), "browser"))
	t.Run("lesson", func(t *testing.T) { browser{b.Tab(t), t, layout}.lesson(address) })
	t.Run("stop", func(t *testing.T) { browser{b.Tab(t), t, layout}.stop(address) })
}

// browser is a tab of a test.
type browser struct {
	labtest.Browser
	t      *testing.T
	layout setup.Layout
}

// startLab runs the lab command until the test is over, and returns the address
// that it prints. Sizes are quick, and settings are the test's own: all cells are
// drawn, and no notebook is saved.
func startLab(t *testing.T, layout setup.Layout) (address string) {
	t.Helper()
	dir := t.TempDir()
	writeFiles(t, filepath.Join(dir, "settings", "@jupyterlab"), map[string]string{
		"notebook-extension/tracker.jupyterlab-settings":      `{"windowingMode": "none"}`,
		"docmanager-extension/plugin.jupyterlab-settings":     `{"autosave": false}`,
		"apputils-extension/notification.jupyterlab-settings": `{"fetchNews": "false", "checkForUpdates": false}`,
	})
	program := filepath.Join(dir, "gibbs")
	if out, err := exec.Command("go", "build", "-o", program, "gibbs/kernels").CombinedOutput(); err != nil {
		t.Fatalf("%v\n%s", err, out)
	}
	cmd := exec.Command(program, "lab", "--no-browser")
	cmd.Dir = layout.Root
	cmd.Env = append(os.Environ(), "GIBBS_QUICK=1",
		"JUPYTERLAB_SETTINGS_DIR="+filepath.Join(dir, "settings"), "JUPYTERLAB_WORKSPACES_DIR="+filepath.Join(dir, "workspaces"))
	cmd.Stderr = os.Stderr
	out, err := cmd.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		_ = cmd.Process.Signal(syscall.SIGINT)
		_ = cmd.Wait()
	})
	for lines := bufio.NewScanner(out); lines.Scan(); {
		if address := regexp.MustCompile(`http://\S+/lab\?token=\w+`).FindString(lines.Text()); address != "" {
			go func() {
				for lines.Scan() {
				}
			}()
			return address
		}
	}
	t.Fatal("the lab command printed no address")
	return ""
}

// lesson runs a lesson and sees its figures and its truth table.
func (b browser) lesson(address string) {
	file := filepath.Join(b.layout.Root, filepath.FromSlash(lessonNotebook))
	before, err := os.ReadFile(file)
	if err != nil {
		b.t.Skip(err)
	}
	b.Show(address, lessonNotebook)
	start := time.Now()
	b.RestartAndRunAll()
	b.Await("every cell to have run", `prompts().every(p => /^\[\d+\]:?$/.test(p)) && idle()`, 5*time.Minute)
	b.t.Logf("the lesson took %.1f s", time.Since(start).Seconds())
	if bad := b.Eval(`codeCells().map((_, i) => i).filter(failed).join(' ')`); bad != "" {
		b.t.Errorf("cells %s failed", bad)
	}
	if b.Eval(`/(\d+) of \1 claims held/.test(output(-1))`) != "true" {
		b.t.Errorf("the last cell shows no truth table in which all claims hold:\n%s", b.Eval(`output(-1)`))
	}
	figures := `[...panel().querySelectorAll('.jp-OutputArea figure img, .jp-OutputArea figure svg')]`
	if n := b.Eval(figures + `.filter(f => f.getBoundingClientRect().width > 200 && (f.tagName === 'svg' || f.complete && f.naturalWidth > 0)).length`); n == "0" {
		b.t.Error("no figure is drawn")
	}
	if bad := b.Eval(figures + `.filter(f => !(f.alt ?? f.textContent)).length`); bad != "0" {
		b.t.Errorf("%s figures have no alt text", bad)
	}
	b.Run("showing a figure", 10*time.Second, chromedp.Evaluate(figures+`.at(-1).scrollIntoView({block: 'center'})`, nil), chromedp.Sleep(time.Second))
	b.Shoot("lesson-figure")
	b.Run("showing the table", 10*time.Second, chromedp.Evaluate(`codeCells().at(-1).scrollIntoView({block: 'end'})`, nil), chromedp.Sleep(time.Second))
	b.Shoot("lesson-truth-table")
	if after, err := os.ReadFile(file); err != nil || !bytes.Equal(before, after) {
		b.t.Errorf("the notebook's file was changed: %v", err)
	}
}

// stop presses Stop during a training, and goes on.
func (b browser) stop(address string) {
	b.Show(address, stopNotebook)
	b.RestartAndRunAll()
	b.Await("a training on its way", `/\d of 100000000 steps/.test(output(1))`, 2*time.Minute)
	b.Shoot("training")
	start := time.Now()
	b.Press("interrupt-kernel")
	b.Await("an idle kernel", `idle() && prompts().every(p => p !== '[*]:')`, 10*time.Second)
	took := time.Since(start)
	b.t.Logf("idle %.1f s after Stop", took.Seconds())
	if took > 6*time.Second {
		b.t.Errorf("idle only %v after Stop", took)
	}
	if text := b.Eval(`output(1)`); !strings.Contains(text, "fit: stopped at step") || b.Eval(`failed(1)`) != "true" {
		b.t.Errorf("the stopped cell says: %s", text)
	}
	if text := b.Eval(`output(2)`); text != "" {
		b.t.Errorf("the cell behind it ran: %s", text)
	}
	b.Click(`codeCells().at(2).querySelector('.jp-InputPrompt')`)
	b.Press("run-cell-and-select-next")
	b.Await("the last cell", `/the kernel answers/.test(output(2))`, 30*time.Second)
	b.Shoot("stopped")
	if text := b.Eval(`prompts().join(' ')`); strings.Contains(text, "*") {
		b.t.Errorf("cells still wait: %s", text)
	}
}
