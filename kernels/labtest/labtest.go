// Package labtest drives JupyterLab in Chromium as a person does, for tests.
package labtest

import (
	"context"
	"net/url"
	"os"
	"os/exec"
	"path"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/chromedp/chromedp"
)

// chromium returns the browser, or skips the test on a machine without one.
func chromium(t *testing.T) string {
	t.Helper()
	for _, name := range []string{"chromium", "chromium-browser", "google-chrome"} {
		if file, err := exec.LookPath(name); err == nil {
			return file
		}
	}
	t.Skip("no chromium on the PATH: install it to run this test")
	return ""
}

// Browser is a window of Chromium. What goes wrong in it fails its test.
type Browser struct {
	t     *testing.T
	ctx   context.Context
	shots string
}

// Open starts Chromium with a profile of its own, or skips the test on a machine
// without one. Screenshots are kept in the folder shots.
func Open(t *testing.T, shots string, options ...chromedp.ExecAllocatorOption) Browser {
	t.Helper()
	file := chromium(t)
	options = append(append(chromedp.DefaultExecAllocatorOptions[:],
		chromedp.ExecPath(file), chromedp.UserDataDir(t.TempDir()), chromedp.WindowSize(1280, 1600),
		chromedp.NoSandbox, chromedp.DisableGPU, chromedp.Flag("disable-quic", true), chromedp.Flag("disable-component-update", true)), options...)
	ctx, cancel := chromedp.NewExecAllocator(context.Background(), options...)
	t.Cleanup(cancel)
	ctx, cancel = chromedp.NewContext(ctx)
	t.Cleanup(cancel)
	if err := chromedp.Run(ctx); err != nil {
		t.Fatalf("starting %s: %v", file, err)
	}
	return Browser{t, ctx, shots}
}

// Tab opens a new tab for a test.
func (b Browser) Tab(t *testing.T) Browser {
	t.Helper()
	ctx, cancel := chromedp.NewContext(b.ctx)
	t.Cleanup(cancel)
	if err := chromedp.Run(ctx); err != nil { // a tab lives as long as the context of its first action
		t.Fatal(err)
	}
	return Browser{t, ctx, b.shots}
}

// Run does actions within a time.
func (b Browser) Run(what string, within time.Duration, actions ...chromedp.Action) {
	b.t.Helper()
	ctx, cancel := context.WithTimeout(b.ctx, within)
	defer cancel()
	if err := chromedp.Run(ctx, actions...); err != nil {
		b.Shoot("failure-" + path.Base(b.t.Name()))
		b.t.Fatalf("%s: %v\n%s", what, err, b.Eval(`document.body.innerText.slice(-3000)`))
	}
}

// Eval returns the text that an expression gives in the page.
func (b Browser) Eval(expression string) (text string) {
	b.t.Helper()
	ctx, cancel := context.WithTimeout(b.ctx, 10*time.Second)
	defer cancel()
	if err := chromedp.Run(ctx, chromedp.Evaluate("String("+expression+")", &text)); err != nil {
		b.t.Errorf("%s: %v", expression, err)
	}
	return text
}

// Await waits until an expression holds in the page.
func (b Browser) Await(what, expression string, within time.Duration) {
	b.t.Helper()
	b.Run("waiting for "+what, within, chromedp.Poll("Boolean("+expression+")", nil, chromedp.WithPollingTimeout(0), chromedp.WithPollingInterval(200*time.Millisecond)))
}

// Shoot keeps a screenshot of the window.
func (b Browser) Shoot(name string) {
	b.t.Helper()
	ctx, cancel := context.WithTimeout(b.ctx, 20*time.Second)
	defer cancel()
	var png []byte
	if err := chromedp.Run(ctx, chromedp.CaptureScreenshot(&png)); err != nil {
		b.t.Errorf("screenshot: %v", err)
		return
	}
	file := filepath.Join(b.shots, name+".png")
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
window.idle = () => panel().querySelector('.jp-Notebook-ExecutionIndicator')?.getAttribute('data-status') === 'idle' &&
	!/No Kernel/.test(panel().querySelector('.jp-Toolbar')?.innerText ?? 'No Kernel');  // without a kernel it is idle too
window.center = e => { const r = e.getBoundingClientRect(); return [r.x + r.width / 2, r.y + r.height / 2]; };
window.resting = e => {  // lies where it lay at the last look, with nothing above it
	if (!e) return false;
	const at = center(e), still = String(at) === e.lastCenter, top = document.elementFromPoint(...at);
	e.lastCenter = String(at);
	return still && top && e.contains(top);
};
`

// Show shows a notebook and waits for its kernel.
func (b Browser) Show(address, notebook string) {
	b.t.Helper()
	u, err := url.Parse(address)
	if err != nil {
		b.t.Fatal(err)
	}
	server, _, _ := strings.Cut(u.Path, "/lab")
	u.Path = server + "/lab/tree/" + notebook
	query := u.Query()
	query.Set("reset", "") // no tabs of an earlier visit
	u.RawQuery = query.Encode()
	b.Run("opening "+notebook, time.Minute, chromedp.Navigate(u.String()))
	b.Await("the notebook", `document.querySelector('.jp-NotebookPanel [data-command="notebook:restart-run-all"]')`, time.Minute)
	b.Run("preparing the page", 10*time.Second, chromedp.Evaluate(notebookScript, nil))
	b.Await("an idle kernel", "idle()", time.Minute)
}

// Click clicks with the mouse on the element that an expression gives.
func (b Browser) Click(expression string) {
	b.t.Helper()
	b.Await(expression, "resting("+expression+")", 20*time.Second)
	var at []float64
	b.Run("looking for "+expression, 10*time.Second, chromedp.Evaluate("center("+expression+")", &at))
	b.Run("clicking on "+expression, 10*time.Second, chromedp.MouseClickXY(at[0], at[1]))
}

// Press clicks on a button of the notebook's toolbar.
func (b Browser) Press(command string) {
	b.t.Helper()
	b.Click("panel().querySelector('[data-command=\"notebook:" + command + "\"]')")
}

// RestartAndRunAll presses the button of that name and agrees to the restart.
func (b Browser) RestartAndRunAll() {
	b.t.Helper()
	b.Press("restart-run-all")
	b.Click(`document.querySelector('.jp-Dialog button.jp-mod-accept')`)
}
