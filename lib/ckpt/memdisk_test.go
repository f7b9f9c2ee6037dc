package ckpt

import (
	"errors"
	"io"
	"io/fs"
	"maps"
	"math/rand/v2"
	"path/filepath"
	"slices"
	"syscall"
	"time"
)

// home is the one folder of a memDisk.
const home = "/home"

// memDisk is a disk in memory with one folder. It can fail at its n-th operation,
// fill up, and lose power: then what was not synced survives in part or not at all.
type memDisk struct {
	now     map[string]*inode         // what programs see
	durable map[string]*inode         // what the last syncDir made sure of
	pending []func(map[string]*inode) // creations, renames, removals since then

	capacity int64 // bytes it holds; 0: no limit
	hidden   bool  // free tells of no limit, as under a quota

	ops        int   // operations so far
	failAt     int   // the operation that fails; 0: none
	persistent bool  // every later one fails as well
	failure    error // with which error
	fired      bool  // a failure has happened
}

// inode is the content of a file.
type inode struct {
	data   []byte // what programs see
	synced []byte // what the last Sync made sure of
}

func newMemDisk() *memDisk {
	return &memDisk{now: map[string]*inode{}, durable: map[string]*inode{}}
}

// arm makes the n-th operation from now fail.
func (m *memDisk) arm(n int, persistent bool, failure error) {
	m.ops, m.failAt, m.persistent, m.failure, m.fired = 0, n, persistent, failure, false
}

// disarm ends all failures.
func (m *memDisk) disarm() { m.failAt = 0 }

// op counts an operation and says how it fails.
func (m *memDisk) op(name, path string) error {
	m.ops++
	if m.failAt > 0 && (m.ops == m.failAt || m.persistent && m.ops > m.failAt) {
		m.fired = true
		return &fs.PathError{Op: name, Path: path, Err: m.failure}
	}
	return nil
}

// change applies a change of the folder now, and notes it for syncDir.
func (m *memDisk) change(f func(map[string]*inode)) {
	f(m.now)
	m.pending = append(m.pending, f)
}

// lose is a power loss. Of the changes of the folder since the last syncDir each
// survives or not, and of each file's unsynced bytes a part, with zeros after it.
func (m *memDisk) lose(rng *rand.Rand) {
	m.disarm()
	for _, change := range m.pending {
		if rng.IntN(2) == 0 {
			change(m.durable)
		}
	}
	m.pending, m.now = nil, map[string]*inode{}
	for _, name := range slices.Sorted(maps.Keys(m.durable)) {
		node := m.durable[name]
		data := node.synced
		if !slices.Equal(node.synced, node.data) && rng.IntN(2) == 0 {
			data = make([]byte, len(node.data))
			copy(data, node.data[:rng.IntN(len(node.data)+1)])
		}
		m.now[name] = &inode{data: slices.Clone(data), synced: slices.Clone(data)}
	}
	m.durable = maps.Clone(m.now)
}

// clone returns an independent copy, as it is now and all of it durable.
func (m *memDisk) clone() *memDisk {
	c := newMemDisk()
	for name, node := range m.now {
		c.now[name] = &inode{data: slices.Clone(node.data), synced: slices.Clone(node.data)}
	}
	c.durable = maps.Clone(c.now)
	return c
}

// used returns the bytes in all files.
func (m *memDisk) used() (n int64) {
	for _, node := range m.now {
		n += int64(len(node.data))
	}
	return n
}

func (m *memDisk) create(path string) (file, error) {
	if err := m.op("create", path); err != nil {
		return nil, err
	}
	node, name := &inode{}, filepath.Base(path)
	m.change(func(dir map[string]*inode) { dir[name] = node })
	return &memFile{disk: m, node: node, path: path}, nil
}

func (m *memDisk) open(path string) (file, error) {
	if err := m.op("open", path); err != nil {
		return nil, err
	}
	node, ok := m.now[filepath.Base(path)]
	if !ok {
		return nil, &fs.PathError{Op: "open", Path: path, Err: fs.ErrNotExist}
	}
	return &memFile{disk: m, node: node, path: path}, nil
}

func (m *memDisk) rename(from, to string) error {
	if err := m.op("rename", from); err != nil {
		return err
	}
	from, to = filepath.Base(from), filepath.Base(to)
	node, ok := m.now[from]
	if !ok {
		return &fs.PathError{Op: "rename", Path: from, Err: fs.ErrNotExist}
	}
	m.change(func(dir map[string]*inode) {
		delete(dir, from)
		dir[to] = node
	})
	return nil
}

func (m *memDisk) remove(path string) error {
	if err := m.op("remove", path); err != nil {
		return err
	}
	name := filepath.Base(path)
	if _, ok := m.now[name]; !ok {
		return &fs.PathError{Op: "remove", Path: path, Err: fs.ErrNotExist}
	}
	m.change(func(dir map[string]*inode) { delete(dir, name) })
	return nil
}

func (m *memDisk) list(dir string) ([]string, error) {
	if err := m.op("list", dir); err != nil {
		return nil, err
	}
	return slices.Collect(maps.Keys(m.now)), nil
}

func (m *memDisk) syncDir(dir string) error {
	if err := m.op("sync", dir); err != nil {
		return err
	}
	m.durable, m.pending = maps.Clone(m.now), nil
	return nil
}

func (m *memDisk) free(dir string) (int64, error) {
	if err := m.op("statfs", dir); err != nil {
		return 0, err
	}
	if m.capacity == 0 || m.hidden {
		return 1 << 40, nil
	}
	return m.capacity - m.used(), nil
}

// memFile is an open file of a memDisk.
type memFile struct {
	disk *memDisk
	node *inode
	path string
}

// Write appends. A failing one writes half first.
func (f *memFile) Write(p []byte) (int, error) {
	n, err := len(p), f.disk.op("write", f.path)
	if err != nil {
		n /= 2
	} else if room := f.disk.capacity - f.disk.used(); f.disk.capacity > 0 && int64(n) > room {
		n, err = int(max(room, 0)), &fs.PathError{Op: "write", Path: f.path, Err: syscall.ENOSPC}
	}
	f.node.data = append(f.node.data, p[:n]...)
	return n, err
}

func (f *memFile) ReadAt(p []byte, off int64) (int, error) {
	if err := f.disk.op("read", f.path); err != nil {
		return 0, err
	}
	if off >= int64(len(f.node.data)) {
		return 0, io.EOF
	}
	n := copy(p, f.node.data[off:])
	if n < len(p) {
		return n, io.EOF
	}
	return n, nil
}

func (f *memFile) Sync() error {
	if err := f.disk.op("sync", f.path); err != nil {
		return err
	}
	f.node.synced = slices.Clone(f.node.data)
	return nil
}

func (f *memFile) Close() error { return f.disk.op("close", f.path) }

func (f *memFile) Stat() (fs.FileInfo, error) {
	if err := f.disk.op("stat", f.path); err != nil {
		return nil, err
	}
	return memInfo{name: filepath.Base(f.path), size: int64(len(f.node.data))}, nil
}

// memInfo describes a file of a memDisk.
type memInfo struct {
	name string
	size int64
}

func (i memInfo) Name() string       { return i.name }
func (i memInfo) Size() int64        { return i.size }
func (i memInfo) Mode() fs.FileMode  { return 0o644 }
func (i memInfo) ModTime() time.Time { return time.Time{} }
func (i memInfo) IsDir() bool        { return false }
func (i memInfo) Sys() any           { return nil }

// The failures that tests inject.
var (
	errPower = errors.New("power lost")
	failures = []error{syscall.EIO, syscall.ENOSPC, syscall.EACCES}
)
