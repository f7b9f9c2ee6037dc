package fit

import (
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"maps"
	"path/filepath"
	"runtime/debug"
	"strconv"
	"strings"

	. "github.com/gomlx/gomlx/core/graph"

	"gibbs/lib/ckpt"
	"gibbs/lib/env"
	"gibbs/lib/loop"

	"github.com/gomlx/gomlx/core/tensors"
	"github.com/gomlx/gomlx/ml/model"
	"github.com/gomlx/gomlx/support/exceptions"
)

// version counts changes of what fit does with the same settings.
const version = 2

// The tensors of a checkpoint that hold a Result's curves. Variables begin with a
// slash, and averages with averagePrefix and a slash.
const (
	lossesName      = "losses"
	validationsName = "validations"
)

// path is the artefact's folder: its name and the start of its key.
func (r *run) path() (string, error) {
	if name := r.config.Artefact; name != filepath.Base(name) || name == "." {
		return "", fmt.Errorf("fit: Artefact %q is no plain name", name)
	}
	state, err := env.State()
	if err != nil {
		return "", fmt.Errorf("fit: %w", err)
	}
	step, err := r.fingerprint()
	if err != nil {
		return "", err
	}
	c := r.config
	key, err := ckpt.Key(version, gomlxVersion(), c.Steps, c.Batch, c.Data, c.LearningRate, c.Cosine, c.EMA, c.Seed, c.Every, c.Key, step)
	if err != nil {
		return "", fmt.Errorf("fit: the artefact's key: %w", err)
	}
	return filepath.Join(state, "artefacts", c.Artefact+"-"+key[:16]), nil
}

// fingerprint is the SHA-256 of the graphs of a step and of a validation,
// operation by operation with their constants: the objective's code, as far as
// it matters.
func (r *run) fingerprint() (string, error) {
	store := model.NewStore()
	g, err := r.trace(store)
	if err != nil {
		return "", err
	}
	defer g.Finalize()
	sum := sha256.New()
	err = exceptions.TryCatch[error](func() {
		if r.config.Validate != nil {
			inputs := []*Node{g.GetParameterByName(keyName)}
			for i := range r.config.Data {
				inputs = append(inputs, g.GetParameterByName(dataName(i)))
			}
			r.validation(store.RootScope(), inputs)
		}
		for v := range store.IterVariables() {
			fmt.Fprintln(sum, v.Path(), v.Shape(), v.Trainable)
		}
		for _, node := range g.Nodes() {
			fmt.Fprintln(sum, node)
		}
	})
	if err != nil {
		return "", fmt.Errorf("fit: building Validate: %w", err)
	}
	return hex.EncodeToString(sum.Sum(nil)), nil
}

// gomlxVersion is the version of GoMLX in this program, "" if it does not know.
func gomlxVersion() string {
	info, _ := debug.ReadBuildInfo()
	if info != nil {
		for _, m := range info.Deps {
			if m.Path == "github.com/gomlx/gomlx" {
				return m.Version
			}
		}
	}
	return ""
}

// restore brings the run to where an earlier one left it: finished, under way,
// or at its start.
func (r *run) restore() error {
	if r.config.Artefact == "" {
		return r.compile()
	}
	path, err := r.path()
	if err != nil {
		return err
	}
	if s, err := ckpt.Load(path); err == nil && s.Step == int64(r.config.Steps) {
		r.result.Store = model.NewStore()
		return r.take(s)
	}
	if r.dir, err = ckpt.Open(path, ckpt.Options{}); err != nil {
		return fmt.Errorf("fit: artefact %s: %w", r.config.Artefact, err)
	}
	s, err := r.dir.Latest()
	if err != nil && !errors.Is(err, ckpt.ErrNone) {
		return fmt.Errorf("fit: artefact %s: %w", r.config.Artefact, err)
	}
	// The graph is built first, so that a resumed store has its variables in the
	// same order as a new one, and the same program.
	if err := r.compile(); err != nil || s == nil {
		return err
	}
	return r.take(s)
}

// take sets the run's state from a checkpoint.
func (r *run) take(s *ckpt.Snapshot) error {
	losses, ok := s.Tensors[lossesName]
	if !ok || losses.Size() != int(s.Step) {
		return fmt.Errorf("fit: the checkpoint of step %d holds no losses of its steps: remove it", s.Step)
	}
	if err := ckpt.IntoStore(r.result.Store, s.Tensors); err != nil {
		return fmt.Errorf("fit: %w", err)
	}
	r.result.Losses = tensors.MustCopyFlatData[float32](losses)
	if validations, ok := s.Tensors[validationsName]; ok {
		r.result.Validations = tensors.MustCopyFlatData[float32](validations)
	}
	r.averages = loop.Tensors{}
	for name, t := range s.Tensors {
		if strings.HasPrefix(name, averagePrefix+"/") {
			r.averages[name] = t
		}
	}
	r.result.From = int(s.Step)
	return nil
}

// save writes a checkpoint of where the run stands.
func (r *run) save() error {
	if r.dir == nil || r.done() == 0 {
		return nil
	}
	all, err := ckpt.FromStore(r.result.Store)
	if err != nil {
		return fmt.Errorf("fit: %w", err)
	}
	all[lossesName] = tensors.FromValue(r.result.Losses)
	maps.Copy(all, r.averages)
	if len(r.result.Validations) > 0 {
		all[validationsName] = tensors.FromValue(r.result.Validations)
	}
	meta := map[string]string{
		"backend": r.backend.String(),
		"seed":    strconv.FormatInt(r.config.Seed, 10),
		"steps":   strconv.Itoa(r.config.Steps),
	}
	if err := r.dir.Save(&ckpt.Snapshot{Step: int64(r.done()), Tensors: all, Meta: meta}); err != nil {
		return fmt.Errorf("fit: %w", err)
	}
	return nil
}
