package main

import (
	"bufio"
	"bytes"
	"context"
	"net/url"
	"os"
	"os/exec"
	"path"
	"path/filepath"
	"regexp"
	"strings"
	"syscall"
	"testing"
	"time"

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
	chromium := findChromium(t)
	if _, err := os.Stat(layout.Kernelspec("gibbs")); err != nil {
		t.Skipf("%v: `go run ./kernels setup` brings it", err)
	}
	address := startLab(t, layout)
	b := openBrowser(t, layout, chromium)
	t.Run("lesson", func(t *testing.T) { b.tab(t).lesson(address) })
	t.Run("stop", func(t *testing.T) { b.tab(t).stop(address) })
}

// findChromium returns the browser, or skips the test on a machine without one.
func findChromium(t *testing.T) string {
	t.Helper()
	for _, name := range []string{"chromium", "chromium-browser", "google-chrome"} {
		if file, err := exec.LookPath(name); err == nil {
			return file
		}
	}
	t.Skip("no chromium on the PATH: install it to run this test")
	return ""
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

// browser is a window of Chromium.
type browser struct {
	t      *testing.T
	ctx    context.Context
	layout setup.Layout
}

// openBrowser starts Chromium with a profile of its own.
func openBrowser(t *testing.T, layout setup.Layout, chromium string) browser {
	t.Helper()
	options := append(chromedp.DefaultExecAllocatorOptions[:],
		chromedp.ExecPath(chromium), chromedp.UserDataDir(t.TempDir()), chromedp.WindowSize(1280, 1600),
		chromedp.NoSandbox, chromedp.DisableGPU, chromedp.Flag("disable-quic", true), chromedp.Flag("disable-component-update", true))
	ctx, cancel := chromedp.NewExecAllocator(context.Background(), options...)
	t.Cleanup(cancel)
	ctx, cancel = chromedp.NewContext(ctx)
	t.Cleanup(cancel)
	if err := chromedp.Run(ctx); err != nil {
		t.Fatalf("starting %s: %v", chromium, err)
	}
	return browser{t, ctx, layout}
}

// tab opens a new tab for a test.
func (b browser) tab(t *testing.T) browser {
	t.Helper()
	ctx, cancel := chromedp.NewContext(b.ctx)
	t.Cleanup(cancel)
	if err := chromedp.Run(ctx); err != nil { // a tab lives as long as the context of its first action
		t.Fatal(err)
	}
	return browser{t, ctx, b.layout}
}

// run does actions within a time.
func (b browser) run(what string, within time.Duration, actions ...chromedp.Action) {
	b.t.Helper()
	ctx, cancel := context.WithTimeout(b.ctx, within)
	defer cancel()
	if err := chromedp.Run(ctx, actions...); err != nil {
		b.shoot("failure-" + path.Base(b.t.Name()))
		b.t.Fatalf("%s: %v\n%s", what, err, b.eval(`document.body.innerText.slice(-3000)`))
	}
}

// eval returns the text that an expression gives in the page.
func (b browser) eval(expression string) (text string) {
	b.t.Helper()
	ctx, cancel := context.WithTimeout(b.ctx, 10*time.Second)
	defer cancel()
	if err := chromedp.Run(ctx, chromedp.Evaluate("String("+expression+")", &text)); err != nil {
		b.t.Errorf("%s: %v", expression, err)
	}
	return text
}

// await waits until an expression holds in the page.
func (b browser) await(what, expression string, within time.Duration) {
	b.t.Helper()
	b.run("waiting for "+what, within, chromedp.Poll("Boolean("+expression+")", nil, chromedp.WithPollingTimeout(0), chromedp.WithPollingInterval(200*time.Millisecond)))
}

// shoot keeps a screenshot of the window.
func (b browser) shoot(name string) {
	b.t.Helper()
	ctx, cancel := context.WithTimeout(b.ctx, 20*time.Second)
	defer cancel()
	var png []byte
	if err := chromedp.Run(ctx, chromedp.CaptureScreenshot(&png)); err != nil {
		b.t.Errorf("screenshot: %v", err)
		return
	}
	file := filepath.Join(b.layout.Out(), "browser", name+".png")
	if err := os.MkdirAll(filepath.Dir(file), 0o755); err != nil {
		b.t.Fatal(err)
	}
	if err := os.WriteFile(file, png, 0o644); err != nil {
		b.t.Fatal(err)
	}
	b.t.Log(file)
}

// notebookScript is what the tests need to know of the page, as JavaScript.
const notebookScript = `
window.panel = () => document.querySelector('.jp-NotebookPanel:not(.lm-mod-hidden)');
window.codeCells = () => [...panel().querySelectorAll('.jp-CodeCell')];
window.prompts = () => codeCells().map(c => c.querySelector('.jp-InputPrompt').innerText.trim());
window.output = i => codeCells().at(i).querySelector('.jp-OutputArea-output') ? codeCells().at(i).querySelector('.jp-OutputArea').innerText : '';
window.failed = i => codeCells().at(i).querySelector('[data-mime-type="application/vnd.jupyter.error"], [data-mime-type="application/vnd.jupyter.stderr"]') !== null;
window.idle = () => panel().querySelector('.jp-Notebook-ExecutionIndicator')?.getAttribute('data-status') === 'idle';
window.center = e => { const r = e.getBoundingClientRect(); return [r.x + r.width / 2, r.y + r.height / 2]; };
window.resting = e => {  // lies where it lay at the last look, with nothing above it
	if (!e) return false;
	const at = center(e), still = String(at) === e.lastCenter, top = document.elementFromPoint(...at);
	e.lastCenter = String(at);
	return still && top && e.contains(top);
};
`

// open shows a notebook and waits for its kernel.
func (b browser) open(address, notebook string) {
	b.t.Helper()
	u, err := url.Parse(address)
	if err != nil {
		b.t.Fatal(err)
	}
	u.Path = "/lab/tree/" + notebook
	query := u.Query()
	query.Set("reset", "") // no tabs of an earlier visit
	u.RawQuery = query.Encode()
	b.run("opening "+notebook, time.Minute, chromedp.Navigate(u.String()))
	b.await("the notebook", `document.querySelector('.jp-NotebookPanel [data-command="notebook:restart-run-all"]')`, time.Minute)
	b.run("preparing the page", 10*time.Second, chromedp.Evaluate(notebookScript, nil))
	b.await("an idle kernel", "idle()", time.Minute)
}

// click clicks with the mouse on the element that an expression gives.
func (b browser) click(expression string) {
	b.t.Helper()
	b.await(expression, "resting("+expression+")", 20*time.Second)
	var at []float64
	b.run("looking for "+expression, 10*time.Second, chromedp.Evaluate("center("+expression+")", &at))
	b.run("clicking on "+expression, 10*time.Second, chromedp.MouseClickXY(at[0], at[1]))
}

// press clicks on a button of the notebook's toolbar.
func (b browser) press(command string) {
	b.t.Helper()
	b.click("panel().querySelector('[data-command=\"notebook:" + command + "\"]')")
}

// restartAndRunAll presses the button of that name and agrees to the restart.
func (b browser) restartAndRunAll() {
	b.t.Helper()
	b.press("restart-run-all")
	b.click(`document.querySelector('.jp-Dialog button.jp-mod-accept')`)
}

// lesson runs a lesson and sees its figures and its truth table.
func (b browser) lesson(address string) {
	file := filepath.Join(b.layout.Root, filepath.FromSlash(lessonNotebook))
	before, err := os.ReadFile(file)
	if err != nil {
		b.t.Skip(err)
	}
	b.open(address, lessonNotebook)
	start := time.Now()
	b.restartAndRunAll()
	b.await("every cell to have run", `prompts().every(p => /^\[\d+\]:?$/.test(p)) && idle()`, 5*time.Minute)
	b.t.Logf("the lesson took %.1f s", time.Since(start).Seconds())
	if bad := b.eval(`codeCells().map((_, i) => i).filter(failed).join(' ')`); bad != "" {
		b.t.Errorf("cells %s failed", bad)
	}
	if b.eval(`/(\d+) of \1 claims held/.test(output(-1))`) != "true" {
		b.t.Errorf("the last cell shows no truth table in which all claims hold:\n%s", b.eval(`output(-1)`))
	}
	figures := `[...panel().querySelectorAll('.jp-OutputArea figure img, .jp-OutputArea figure svg')]`
	if n := b.eval(figures + `.filter(f => f.getBoundingClientRect().width > 200 && (f.tagName === 'svg' || f.complete && f.naturalWidth > 0)).length`); n == "0" {
		b.t.Error("no figure is drawn")
	}
	if bad := b.eval(figures + `.filter(f => !(f.alt ?? f.textContent)).length`); bad != "0" {
		b.t.Errorf("%s figures have no alt text", bad)
	}
	b.run("showing a figure", 10*time.Second, chromedp.Evaluate(figures+`.at(-1).scrollIntoView({block: 'center'})`, nil), chromedp.Sleep(time.Second))
	b.shoot("lesson-figure")
	b.run("showing the table", 10*time.Second, chromedp.Evaluate(`codeCells().at(-1).scrollIntoView({block: 'end'})`, nil), chromedp.Sleep(time.Second))
	b.shoot("lesson-truth-table")
	if after, err := os.ReadFile(file); err != nil || !bytes.Equal(before, after) {
		b.t.Errorf("the notebook's file was changed: %v", err)
	}
}

// stop presses Stop during a training, and goes on.
func (b browser) stop(address string) {
	b.open(address, stopNotebook)
	b.restartAndRunAll()
	b.await("a training on its way", `/\d of 100000000 steps/.test(output(1))`, 2*time.Minute)
	b.shoot("training")
	start := time.Now()
	b.press("interrupt-kernel")
	b.await("an idle kernel", `idle() && prompts().every(p => p !== '[*]:')`, 10*time.Second)
	took := time.Since(start)
	b.t.Logf("idle %.1f s after Stop", took.Seconds())
	if took > 6*time.Second {
		b.t.Errorf("idle only %v after Stop", took)
	}
	if text := b.eval(`output(1)`); !strings.Contains(text, "fit: stopped at step") || b.eval(`failed(1)`) != "true" {
		b.t.Errorf("the stopped cell says: %s", text)
	}
	if text := b.eval(`output(2)`); text != "" {
		b.t.Errorf("the cell behind it ran: %s", text)
	}
	b.click(`codeCells().at(2).querySelector('.jp-InputPrompt')`)
	b.press("run-cell-and-select-next")
	b.await("the last cell", `/the kernel answers/.test(output(2))`, 30*time.Second)
	b.shoot("stopped")
	if text := b.eval(`prompts().join(' ')`); strings.Contains(text, "*") {
		b.t.Errorf("cells still wait: %s", text)
	}
}
