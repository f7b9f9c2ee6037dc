package data

import (
	"bytes"
	"context"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"testing"
	"time"
)

// serve answers every request with one handler and returns the base address.
func serve(t *testing.T, handler http.HandlerFunc) string {
	server := httptest.NewServer(handler)
	t.Cleanup(server.Close)
	return server.URL
}

// folder lists a folder's names.
func folder(t *testing.T, dir string) []string {
	t.Helper()
	entries, err := os.ReadDir(dir)
	if err != nil {
		t.Fatal(err)
	}
	var names []string
	for _, e := range entries {
		names = append(names, e.Name())
	}
	return names
}

func TestDownload(t *testing.T) {
	files, contents := tinyMNIST(t)
	requests := 0
	good := func(w http.ResponseWriter, r *http.Request) {
		requests++
		for i, f := range files {
			if strings.HasSuffix(r.URL.Path, "/mirror/"+f.Name+".gz") {
				w.Write(packed(t, string(contents[i])).Bytes())
				return
			}
		}
		http.NotFound(w, r)
	}
	base, dir := serve(t, good)+"/mirror/", filepath.Join(t.TempDir(), "new", "folder")
	if err := download(context.Background(), base, dir, files[:]); err != nil {
		t.Fatal(err)
	}
	if train, test, err := loadIDXSets(dir, files); err != nil || train.Len() != 3 || test.Len() != 2 {
		t.Fatalf("after the download: %v", err)
	}
	if err := download(context.Background(), base, dir, files[:]); err != nil || requests != 4 {
		t.Errorf("again: %v, %d requests in all; whole files must not be fetched twice", err, requests)
	}
	// A damaged file is fetched again, and only it.
	path := filepath.Join(dir, files[2].Name+".gz")
	if err := os.WriteFile(path, []byte("damaged"), 0o644); err != nil {
		t.Fatal(err)
	}
	if err := download(context.Background(), base, dir, files[:]); err != nil || requests != 5 {
		t.Errorf("after damage: %v, %d requests in all", err, requests)
	}
	if names := folder(t, dir); len(names) != 4 {
		t.Errorf("the folder holds %v", names)
	}
}

// TestDownloadFaults: each fault is an error, leaves nothing in the folder, and the
// next attempt against a good server succeeds.
func TestDownloadFaults(t *testing.T) {
	files, contents := tinyMNIST(t)
	f, body := files[0], packed(t, string(contents[0])).Bytes()
	send := func(w http.ResponseWriter, r *http.Request) { w.Write(body) }
	elsewhere := serve(t, send)
	flipped := bytes.Clone(body)
	flipped[15] ^= 1
	page := []byte("<html>Service unavailable</html>")

	for name, c := range map[string]struct {
		handler http.HandlerFunc
		message string // "" means that the download must succeed
	}{
		"good":            {send, ""},
		"redirect":        {func(w http.ResponseWriter, r *http.Request) { http.Redirect(w, r, elsewhere, http.StatusFound) }, ""},
		"404":             {http.NotFound, "404"},
		"503 page":        {func(w http.ResponseWriter, r *http.Request) { w.WriteHeader(503); w.Write(page) }, "503"},
		"page with 200":   {func(w http.ResponseWriter, r *http.Request) { w.Write(page) }, "an error page"},
		"206":             {func(w http.ResponseWriter, r *http.Request) { w.WriteHeader(206); w.Write(body) }, "206"},
		"empty":           {func(w http.ResponseWriter, r *http.Request) {}, "0 bytes"},
		"wrong bytes":     {func(w http.ResponseWriter, r *http.Request) { w.Write(flipped) }, "SHA-256"},
		"oversize":        {func(w http.ResponseWriter, r *http.Request) { w.Write(body); w.Write(make([]byte, 1<<20)) }, "more than"},
		"endless":         {endless, "more than"},
		"cut with length": {cut(body, true), "unexpected EOF"},
		"cut in chunks":   {cut(body, false), "EOF"},
		"short, no cut":   {func(w http.ResponseWriter, r *http.Request) { w.Write(body[:20]) }, "20 bytes, want"},
		"redirect loop":   {func(w http.ResponseWriter, r *http.Request) { http.Redirect(w, r, "/again", http.StatusFound) }, "redirects"},
		"redirect to 404": {func(w http.ResponseWriter, r *http.Request) { http.Redirect(w, r, elsewhereNot(t), http.StatusFound) }, "404"},
		"hangs": {func(w http.ResponseWriter, r *http.Request) {
			w.Write(body[:9])
			w.(http.Flusher).Flush()
			<-r.Context().Done()
		}, "deadline"},
	} {
		t.Run(name, func(t *testing.T) {
			dir := t.TempDir()
			patience := time.Minute
			if name == "hangs" {
				patience = 100 * time.Millisecond
			}
			ctx, cancel := context.WithTimeout(context.Background(), patience)
			defer cancel()
			err := download(ctx, serve(t, c.handler), dir, []File{f})
			if c.message == "" {
				if err != nil {
					t.Fatal(err)
				}
				if names := folder(t, dir); len(names) != 1 || names[0] != f.Name+".gz" {
					t.Errorf("the folder holds %v", names)
				}
				return
			}
			if err == nil || !strings.Contains(err.Error(), c.message) || !strings.HasPrefix(err.Error(), "data: ") {
				t.Errorf("error %v, want one with %q", err, c.message)
			}
			if names := folder(t, dir); len(names) != 0 {
				t.Errorf("left behind: %v", names)
			}
			if err := download(context.Background(), elsewhere, dir, []File{f}); err != nil {
				t.Errorf("next attempt: %v", err)
			}
		})
	}

	dir := t.TempDir()
	server := httptest.NewServer(http.NotFoundHandler())
	server.Close()
	if err := download(context.Background(), server.URL, dir, []File{f}); err == nil || len(folder(t, dir)) != 0 {
		t.Errorf("no server: %v", err)
	}
	if err := download(context.Background(), "://", dir, []File{f}); err == nil {
		t.Error("no address: no error")
	}
}

// endless sends bytes until the client goes away.
func endless(w http.ResponseWriter, r *http.Request) {
	for {
		if _, err := w.Write(make([]byte, 4096)); err != nil {
			return
		}
	}
}

// cut closes the connection after half of the body.
func cut(body []byte, withLength bool) http.HandlerFunc {
	return func(w http.ResponseWriter, r *http.Request) {
		if withLength {
			w.Header().Set("Content-Length", strconv.Itoa(len(body)))
		}
		w.Write(body[:len(body)/2])
		w.(http.Flusher).Flush()
		panic(http.ErrAbortHandler)
	}
}

// elsewhereNot is the address of a server that knows nothing.
func elsewhereNot(t *testing.T) string { return serve(t, http.NotFound) }

// TestFaultsCatchAPlantedBug: a downloader that checks nothing stores the page of a
// 503 under the file's name; the check above would see it.
func TestFaultsCatchAPlantedBug(t *testing.T) {
	dir := t.TempDir()
	base := serve(t, func(w http.ResponseWriter, r *http.Request) { w.WriteHeader(503); w.Write([]byte("<html>")) })
	response, err := http.Get(base)
	if err != nil {
		t.Fatal(err)
	}
	defer response.Body.Close()
	out, err := os.Create(filepath.Join(dir, "train-images.gz"))
	if err != nil {
		t.Fatal(err)
	}
	out.ReadFrom(response.Body)
	out.Close()
	files, _ := tinyMNIST(t)
	if len(folder(t, dir)) == 0 {
		t.Error("the planted page is not seen in the folder")
	}
	if _, _, err := files[0].load(dir); err == nil {
		t.Error("the planted page is loaded")
	}
}
