package k8s

import (
	"context"
	"fmt"
	"os"
	"path/filepath"
	"regexp"
	"strings"

	appsv1 "k8s.io/api/apps/v1"
	batchv1 "k8s.io/api/batch/v1"
	corev1 "k8s.io/api/core/v1"
	networkingv1 "k8s.io/api/networking/v1"
	"k8s.io/apimachinery/pkg/api/meta"
	"k8s.io/apimachinery/pkg/labels"
	"k8s.io/apimachinery/pkg/runtime"
	"k8s.io/apimachinery/pkg/runtime/serializer"
	"k8s.io/apimachinery/pkg/util/validation/field"
	"k8s.io/kubernetes/pkg/api/legacyscheme"
	podapi "k8s.io/kubernetes/pkg/api/pod"
	"k8s.io/kubernetes/pkg/apis/apps"
	_ "k8s.io/kubernetes/pkg/apis/apps/install"
	appsvalidation "k8s.io/kubernetes/pkg/apis/apps/validation"
	"k8s.io/kubernetes/pkg/apis/batch"
	_ "k8s.io/kubernetes/pkg/apis/batch/install"
	batchvalidation "k8s.io/kubernetes/pkg/apis/batch/validation"
	"k8s.io/kubernetes/pkg/apis/core"
	_ "k8s.io/kubernetes/pkg/apis/core/install"
	corevalidation "k8s.io/kubernetes/pkg/apis/core/validation"
	"k8s.io/kubernetes/pkg/apis/networking"
	_ "k8s.io/kubernetes/pkg/apis/networking/install"
	networkingvalidation "k8s.io/kubernetes/pkg/apis/networking/validation"
	"k8s.io/pod-security-admission/api"
	"k8s.io/pod-security-admission/policy"
)

// strict refuses unknown and repeated fields, as `kubectl apply` does.
var strict = serializer.NewCodecFactory(legacyscheme.Scheme, serializer.EnableStrict)

// workload is what runs pods.
type workload struct {
	name string
	pod  corev1.PodTemplateSpec
	job  *batchv1.JobSpec // nil of a Deployment
}

// overlay is a set of decoded manifests.
type overlay struct {
	workloads []workload
	services  []*corev1.Service
	policies  []*networkingv1.NetworkPolicy
	configs   map[string]map[string]string
}

// check returns what is wrong with manifests, documents of YAML: for Kubernetes'
// own decoding, validation and Pod Security, and for the rules of this folder.
func check(manifests, repository string) (faults []string) {
	o := overlay{configs: map[string]map[string]string{}}
	for document := range strings.SplitSeq(manifests, "\n---\n") {
		object, _, err := strict.UniversalDeserializer().Decode([]byte(document), nil, nil)
		if err != nil {
			faults = append(faults, err.Error())
			continue
		}
		internal, _, err := legacyscheme.Codecs.UniversalDecoder().Decode([]byte(document), nil, nil)
		if err != nil {
			faults = append(faults, err.Error())
			continue
		}
		for _, fault := range validate(internal) {
			faults = append(faults, fmt.Sprintf("%T: %s", object, fault))
		}
		switch object := object.(type) {
		case *batchv1.Job:
			o.workloads = append(o.workloads, workload{object.Name, object.Spec.Template, &object.Spec})
		case *appsv1.Deployment:
			o.workloads = append(o.workloads, workload{object.Name, object.Spec.Template, nil})
		case *corev1.Service:
			o.services = append(o.services, object)
		case *networkingv1.NetworkPolicy:
			o.policies = append(o.policies, object)
		case *corev1.ConfigMap:
			o.configs[object.Name] = object.Data
		}
	}
	for _, w := range o.workloads {
		for _, fault := range append(secure(w.pod), o.ours(w, repository)...) {
			faults = append(faults, w.name+": "+fault)
		}
	}
	for _, s := range o.services {
		if !o.selected(s.Spec.Selector) {
			faults = append(faults, s.Name+": the Service selects no pod")
		}
	}
	return faults
}

// validate is what the API server does before it takes a new object: the errors,
// and the warnings about its pods.
func validate(object runtime.Object) (faults []string) {
	accessor, err := meta.Accessor(object)
	if err != nil {
		return []string{err.Error()}
	}
	accessor.SetNamespace("default")
	var errs field.ErrorList
	var template *core.PodTemplateSpec
	switch o := object.(type) {
	case *batch.Job:
		template = &o.Spec.Template
		selectOwn(o)
		errs = batchvalidation.ValidateJob(o, batchvalidation.JobValidationOptions{
			PodValidationOptions: podapi.GetValidationOptionsFromPodTemplate(template, nil), RequirePrefixedLabels: true,
		})
	case *apps.Deployment:
		template = &o.Spec.Template
		errs = appsvalidation.ValidateDeployment(o, podapi.GetValidationOptionsFromPodTemplate(template, nil))
	case *core.Service:
		errs = corevalidation.ValidateServiceCreate(o)
	case *core.ConfigMap:
		errs = corevalidation.ValidateConfigMap(o)
	case *core.PersistentVolumeClaim:
		errs = corevalidation.ValidatePersistentVolumeClaim(o, corevalidation.ValidationOptionsForPersistentVolumeClaim(o, nil))
	case *networking.NetworkPolicy:
		errs = networkingvalidation.ValidateNetworkPolicy(o, networkingvalidation.NetworkPolicyValidationOptions{})
	default:
		return []string{"no check knows this kind"}
	}
	for _, err := range errs {
		faults = append(faults, err.Error())
	}
	if template != nil {
		faults = append(faults, podapi.GetWarningsForPodTemplate(context.Background(), field.NewPath("spec", "template"), template, nil)...)
	}
	return faults
}

// selectOwn gives a Job the selector and labels that the API server makes for it.
func selectOwn(job *batch.Job) {
	job.UID = "uid"
	if job.Spec.Template.Labels == nil {
		job.Spec.Template.Labels = map[string]string{}
	}
	for _, label := range []string{batch.LegacyJobNameLabel, batch.JobNameLabel} {
		job.Spec.Template.Labels[label] = job.Name
	}
	for _, label := range []string{batch.LegacyControllerUidLabel, batch.ControllerUidLabel} {
		job.Spec.Template.Labels[label] = string(job.UID)
	}
	job.Spec.Selector = selector(batch.ControllerUidLabel, string(job.UID))
}

// secure holds a pod against the restricted Pod Security Standard.
func secure(pod corev1.PodTemplateSpec) (faults []string) {
	evaluator, err := policy.NewEvaluator(policy.DefaultChecks())
	if err != nil {
		return []string{err.Error()}
	}
	restricted := api.LevelVersion{Level: api.LevelRestricted, Version: api.LatestVersion()}
	for _, result := range evaluator.EvaluatePod(restricted, &pod.ObjectMeta, &pod.Spec) {
		if !result.Allowed {
			faults = append(faults, "Pod Security: "+result.ForbiddenReason+": "+result.ForbiddenDetail)
		}
	}
	return faults
}

// ours are the rules of this folder: what Kubernetes would allow and we do not.
func (o *overlay) ours(w workload, repository string) (faults []string) {
	say := func(format string, args ...any) { faults = append(faults, fmt.Sprintf(format, args...)) }
	if mount := w.pod.Spec.AutomountServiceAccountToken; mount == nil || *mount {
		say("the pod gets a token of the cluster's API: set automountServiceAccountToken: false")
	}
	if !o.closed(w.pod.Labels) {
		say("no NetworkPolicy closes the pod's network")
	}
	for _, c := range w.pod.Spec.Containers {
		for _, name := range []corev1.ResourceName{corev1.ResourceCPU, corev1.ResourceMemory} {
			if c.Resources.Limits.Name(name, "").IsZero() || c.Resources.Requests.Name(name, "").IsZero() {
				say("container %s has no request or no limit of %s", c.Name, name)
			}
		}
		if s := c.SecurityContext; s == nil || s.ReadOnlyRootFilesystem == nil || !*s.ReadOnlyRootFilesystem {
			say("container %s can write to its image: set readOnlyRootFilesystem: true", c.Name)
		}
		_, tag, _ := strings.Cut(filepath.Base(c.Image), ":")
		if tag == "" || tag == "latest" {
			say("container %s runs %s: name a version", c.Name, c.Image)
		}
		gpus := c.Resources.Limits.Name("nvidia.com/gpu", "")
		if cuda := strings.Contains(tag, "cuda"); cuda == gpus.IsZero() {
			say("container %s runs %s with %s GPUs", c.Name, c.Image, gpus)
		}
		for _, v := range c.Env {
			if secretName.MatchString(v.Name) && v.Value != "" && !strings.HasPrefix(v.Value, "/") {
				say("container %s has a secret in its manifest: %s", c.Name, v.Name)
			}
		}
		if w.job == nil && (c.ReadinessProbe == nil || c.LivenessProbe == nil) {
			say("container %s has no readiness or no liveness probe", c.Name)
		}
		for _, fault := range o.arguments(c, w.job, repository) {
			say("container %s: %s", c.Name, fault)
		}
	}
	return faults
}

var (
	secretName = regexp.MustCompile(`TOKEN|SECRET|PASSWORD`)
	reference  = regexp.MustCompile(`\$\(([A-Za-z0-9_]+)\)`)
	share      = regexp.MustCompile(`^INDEX/(\d+)$`)
)

// arguments checks the command line of a Job: every variable known, every
// notebook there, one part of the work, and one run of a sweep, for each index.
func (o *overlay) arguments(c corev1.Container, job *batchv1.JobSpec, repository string) (faults []string) {
	known := map[string]string{}
	for _, from := range c.EnvFrom {
		if from.ConfigMapRef == nil || o.configs[from.ConfigMapRef.Name] == nil {
			faults = append(faults, "envFrom names a ConfigMap that is not there")
			continue
		}
		for name, value := range o.configs[from.ConfigMapRef.Name] {
			known[name] = value
		}
	}
	for _, v := range c.Env {
		known[v.Name] = v.Value
		if v.ValueFrom != nil {
			known[v.Name] = v.Name // known to the cluster only
		}
	}
	parts, runs, swept := "", 1, false
	for i, arg := range c.Args {
		arg = reference.ReplaceAllStringFunc(arg, func(ref string) string {
			value, ok := known[ref[2:len(ref)-1]]
			if !ok {
				faults = append(faults, "nothing sets "+ref)
			}
			return value
		})
		switch {
		case i > 0 && c.Args[i-1] == "--part":
			parts = arg
		case i > 0 && c.Args[i-1] == "--param":
			swept = true
			runs *= strings.Count(arg, ",") + 1
		case strings.HasPrefix(arg, "notebooks/"):
			if _, err := os.Stat(filepath.Join(repository, arg)); err != nil {
				faults = append(faults, err.Error())
			}
		}
	}
	if job == nil || job.CompletionMode == nil || *job.CompletionMode != batchv1.IndexedCompletion {
		return faults
	}
	if n := share.FindStringSubmatch(parts); n == nil || n[1] != fmt.Sprint(*job.Completions) {
		faults = append(faults, fmt.Sprintf("--part %q is not the share of one of %d completions: $(INDEX)/%d", parts, *job.Completions, *job.Completions))
	}
	if swept && runs != int(*job.Completions) {
		faults = append(faults, fmt.Sprintf("the sweep has %d combinations for %d completions", runs, *job.Completions))
	}
	return faults
}

// closed reports whether a policy denies these pods all traffic that no other allows.
func (o *overlay) closed(pod map[string]string) bool {
	for _, p := range o.policies {
		if len(p.Spec.PolicyTypes) == 2 && len(p.Spec.Ingress)+len(p.Spec.Egress) == 0 && matches(p.Spec.PodSelector.MatchLabels, pod) {
			return true
		}
	}
	return false
}

// selected reports whether the pods of a workload have these labels.
func (o *overlay) selected(by map[string]string) bool {
	for _, w := range o.workloads {
		if matches(by, w.pod.Labels) {
			return true
		}
	}
	return false
}

func matches(by, have map[string]string) bool {
	return labels.SelectorFromSet(by).Matches(labels.Set(have))
}
