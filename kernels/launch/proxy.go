package launch

import (
	"context"
	"fmt"
	"os"
	"time"
)

// proxy stands between Jupyter and GoNB. One goroutine, run, owns its state;
// readers and timers hand it work through channels.
type proxy struct {
	sockets sockets
	key     []byte
	tree    *tree
	limits  limits

	arrived  chan frame
	later    chan func() // work that timers and sweeps bring back
	queue    []*message  // execute requests that wait for their turn
	current  *execution
	sweeping bool
	stopping bool // a shutdown was asked for
}

func newProxy(c connection, t *tree, l limits) *proxy {
	return &proxy{key: []byte(c.Key), tree: t, limits: l, arrived: make(chan frame, 64), later: make(chan func(), 16)}
}

// connect binds Jupyter's sockets, dials GoNB and waits until GoNB's messages arrive.
func (p *proxy) connect(ctx context.Context, c, private connection) error {
	if err := p.sockets.listen(ctx, c); err != nil {
		return err
	}
	if err := p.sockets.dial(ctx, private); err != nil {
		return err
	}
	for _, name := range []channel{shellBack, controlBack, stdinBack, iopubBack} {
		go p.sockets.read(ctx, name, p.arrived)
	}
	if err := p.awaitSubscription(ctx); err != nil {
		return err
	}
	for _, name := range []channel{shellFront, controlFront, stdinFront} {
		go p.sockets.read(ctx, name, p.arrived)
	}
	return nil
}

// awaitSubscription asks GoNB for its info until both an answer and a published
// status have arrived: a subscriber misses what is published before it is known.
func (p *proxy) awaitSubscription(ctx context.Context) error {
	empty := &message{header: []byte(`{"session":"gibbs"}`)}
	ask := time.NewTicker(20 * time.Millisecond)
	defer ask.Stop()
	asked, answered, published := 0, 0, false
	deadline := time.After(30 * time.Second)
	for !published || answered < asked {
		select {
		case <-ask.C:
			if !published {
				request := empty.reply("kernel_info_request", nil, map[string]any{})
				request.parent = []byte("{}")
				p.sockets.send(shellBack, request, p.key)
				asked++
			}
		case f := <-p.arrived:
			if f.from == iopubBack {
				published = true
			} else if f.from == shellBack {
				answered++
			}
		case <-deadline:
			return fmt.Errorf("launch: GoNB published nothing within 30 s")
		case <-ctx.Done():
			return ctx.Err()
		}
	}
	return nil
}

// run routes messages until ctx ends.
func (p *proxy) run(ctx context.Context) {
	watch := time.NewTicker(100 * time.Millisecond)
	defer watch.Stop()
	for {
		select {
		case f := <-p.arrived:
			p.route(f)
		case work := <-p.later:
			work()
		case <-watch.C:
			p.watchMemory()
		case <-ctx.Done():
			return
		}
	}
}

// route sends what arrived on its way.
func (p *proxy) route(f frame) {
	fromJupyter := f.from <= iopubFront
	m, err := parseMessage(f.frames, p.key, fromJupyter)
	if err != nil {
		fmt.Fprintln(os.Stderr, err)
		return
	}
	switch f.from {
	case shellFront:
		p.ask(m)
	case controlFront:
		p.control(m)
	case stdinFront:
		p.sockets.send(stdinBack, m, p.key)
	case shellBack:
		p.answer(m)
	case controlBack:
		p.sockets.send(controlFront, m, p.key)
	case stdinBack:
		p.sockets.send(stdinFront, m, p.key)
	case iopubBack:
		p.published(m)
	}
}

// ask puts a cell in the queue and passes other requests on.
func (p *proxy) ask(m *message) {
	switch m.kind {
	case "execute_request":
		p.queue = append(p.queue, m)
		p.next()
	case "history_request":
		// GoNB keeps no history and does not answer. JupyterLab asks for it at first,
		// and calls the kernel's state unknown until something was answered.
		p.answerSelf(m, "history_reply", map[string]any{"status": "ok", "history": []any{}})
	default:
		p.sockets.send(shellBack, m, p.key)
	}
}

// answerSelf answers a request in GoNB's place. While a cell runs the kernel stays
// busy.
func (p *proxy) answerSelf(m *message, kind string, content map[string]any) {
	for _, state := range []string{"busy", "idle"} {
		if p.current == nil {
			p.sockets.send(iopubFront, m.publish("status", map[string]any{"execution_state": state}), p.key)
		}
	}
	p.sockets.send(shellFront, m.reply(kind, m.identities, content), p.key)
}

// control handles interrupts itself and passes everything else on.
func (p *proxy) control(m *message) {
	switch m.kind {
	case "interrupt_request":
		p.interrupt()
		p.sockets.send(controlFront, m.reply("interrupt_reply", m.identities, map[string]any{"status": "ok"}), p.key)
	case "shutdown_request":
		p.stopping = true
		p.sockets.send(controlBack, m, p.key)
	default:
		p.sockets.send(controlBack, m, p.key)
	}
}

// interrupt ends every process of the running cell; no cell starts meanwhile,
// and cells that wait for that are aborted.
func (p *proxy) interrupt() {
	if p.current == nil {
		p.abort()
	}
	if p.sweeping {
		return
	}
	p.sweeping = true
	spare, ended := map[process]bool{}, make(chan struct{})
	if p.current != nil {
		spare, ended = p.current.before, p.current.ended
	} else {
		close(ended)
	}
	go func() {
		p.tree.interrupt(spare, ended)
		p.later <- func() { p.sweeping = false; p.next() }
	}()
}

// next starts the next cell when nothing stands in its way.
func (p *proxy) next() {
	if p.current != nil || p.sweeping || len(p.queue) == 0 {
		return
	}
	p.current = newExecution(p.queue[0])
	p.queue = p.queue[1:]
	p.current.before = p.tree.snapshot()
	p.sockets.send(shellBack, p.current.request, p.key)
}

// answer passes on GoNB's replies, but holds back a cell's until its output is complete.
func (p *proxy) answer(m *message) {
	switch {
	case m.kind == "execute_reply" && p.current != nil && m.parentID == p.current.request.id:
		p.current.reply = m
		p.finish()
		return
	case m.kind == "kernel_info_reply":
		// GoNB leaves the lexer empty, and exporters then highlight Go as Python.
		_ = m.set(map[string]any{"language_info": languageInfo})
	}
	p.sockets.send(shellFront, m, p.key)
}

var languageInfo = map[string]any{
	"name": "go", "version": goVersion(), "mimetype": "text/x-go", "file_extension": ".go",
	"pygments_lexer": "go", "codemirror_mode": "go", "nbconvert_exporter": "",
}

// published passes on what GoNB publishes, watching over the running cell.
func (p *proxy) published(m *message) {
	e := p.current
	current := e != nil && m.parentID == e.request.id
	switch m.kind {
	case "display_data", "execute_result", "update_display_data":
		m = display(m)
	case "stream":
		if current {
			m = e.stream(m, p.limits.output)
		}
	case "status":
		if current && isIdle(m) {
			e.idle = m
			p.expectReply(e)
			p.finish()
			return
		}
	}
	if m != nil {
		p.sockets.send(iopubFront, m, p.key)
	}
}

// expectReply makes a reply of our own when GoNB owes one for too long: it logs
// some inner failures and never answers.
func (p *proxy) expectReply(e *execution) {
	time.AfterFunc(5*time.Second, func() {
		p.later <- func() {
			if p.current == e && e.reply == nil {
				e.reply = e.request.reply("execute_reply", e.request.identities, errorContent("GoNB did not answer"))
				p.finish()
			}
		}
	})
}

// finish ends the running cell once its reply and its last output are both here.
func (p *proxy) finish() {
	e := p.current
	if e.reply == nil || e.idle == nil {
		return
	}
	if e.failure != "" && !e.failed() {
		_ = e.reply.set(errorContent(e.failure))
		p.sockets.send(iopubFront, e.request.publish("error", errorContent(e.failure)), p.key)
	}
	p.sockets.send(iopubFront, e.idle, p.key)
	p.sockets.send(shellFront, e.reply, p.key)
	close(e.ended)
	p.current = nil
	if e.failed() && e.stopsOthers() {
		p.abort()
	}
	p.next()
}

// abort answers every queued cell without running it.
func (p *proxy) abort() {
	for _, m := range p.queue {
		p.answerSelf(m, "execute_reply", map[string]any{"status": "aborted"})
	}
	p.queue = nil
}

// watchMemory ends the largest process of a cell that has outgrown its limit.
func (p *proxy) watchMemory() {
	if p.current == nil {
		p.tree.reap()
		return
	}
	used, killed := p.tree.enforce(p.limits.memory)
	if killed == "" {
		return
	}
	text := fmt.Sprintf("gibbs: the cell used %s of memory, more than its limit of %s: its process %s was ended; set GIBBS_MEMORY_LIMIT to allow more\n",
		formatBytes(used), formatBytes(p.limits.memory), killed)
	p.sockets.send(iopubFront, p.current.request.publish("stream", map[string]any{"name": "stderr", "text": text}), p.key)
}

// errorContent is the content of an error, for a reply and for an output.
func errorContent(text string) map[string]any {
	return map[string]any{"status": "error", "ename": "ERROR", "evalue": text, "traceback": []string{text}}
}
