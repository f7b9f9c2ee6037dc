// Package k8s holds the test of the manifests beside it. Kustomize builds every
// overlay; Kubernetes' own code decodes it strictly, fills in its defaults,
// validates it as the API server does, and holds its pods against the restricted
// Pod Security Standard; the rules of this folder follow.
package k8s

import (
	"os"
	"path/filepath"
	"strings"
	"testing"

	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"sigs.k8s.io/kustomize/api/krusty"
	"sigs.k8s.io/kustomize/kyaml/filesys"
)

// repository is where the notebooks are that Jobs name.
const repository = "../.."

func selector(label, value string) *metav1.LabelSelector {
	return &metav1.LabelSelector{MatchLabels: map[string]string{label: value}}
}

// build returns the manifests of a folder, as `kubectl kustomize` prints them.
func build(t *testing.T, folder string) string {
	t.Helper()
	built, err := krusty.MakeKustomizer(krusty.MakeDefaultOptions()).Run(filesys.MakeFsOnDisk(), folder)
	if err != nil {
		t.Fatal(err)
	}
	text, err := built.AsYaml()
	if err != nil {
		t.Fatal(err)
	}
	return string(text)
}

func TestOverlays(t *testing.T) {
	folders, err := os.ReadDir("overlays")
	if err != nil || len(folders) == 0 {
		t.Fatalf("no overlays (%v)", err)
	}
	for _, folder := range folders {
		t.Run(folder.Name(), func(t *testing.T) {
			for _, fault := range check(build(t, filepath.Join("overlays", folder.Name())), repository) {
				t.Error(fault)
			}
		})
	}
}

// A site names its own registry in a folder of its own, as the README says.
func TestSiteNamesItsImage(t *testing.T) {
	here, err := os.Getwd()
	if err != nil {
		t.Fatal(err)
	}
	site := t.TempDir()
	for _, overlay := range []string{"lab", "sweep-cuda", "table"} {
		path, err := filepath.Rel(site, filepath.Join(here, "overlays", overlay))
		if err != nil {
			t.Fatal(err)
		}
		text := "resources: [" + path + "]\nimages: [{name: gibbs, newName: registry.example.org/you/gibbs}]\nnamespace: lectures\n"
		if err := os.WriteFile(filepath.Join(site, "kustomization.yaml"), []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
		built := build(t, site)
		tag := "cpu"
		if strings.HasSuffix(overlay, "-cuda") {
			tag = "cuda"
		}
		if !strings.Contains(built, "image: registry.example.org/you/gibbs:"+tag+"\n") {
			t.Errorf("%s does not run the site's image with the tag %s:\n%s", overlay, tag, built)
		}
		for _, fault := range check(built, repository) {
			t.Errorf("%s: %s", overlay, fault)
		}
	}
}

// Every kind of fault is caught, and said.
func TestPlantedFaults(t *testing.T) {
	for _, fault := range []struct{ name, overlay, from, to, said string }{
		{"a misspelt field", "lessons", "readOnlyRootFilesystem:", "readOnlyRootFileSystem:", `unknown field "spec.template.spec.containers[0].securityContext.readOnlyRootFileSystem"`},
		{"a wrong type", "lessons", "completions: 5", "completions: five", "cannot unmarshal string into Go struct field"},
		{"a field twice", "lessons", "completions: 5", "completions: 5\n  completions: 5", `"completions" already set`},
		{"an unknown kind", "lessons", "kind: Job", "kind: Jop", `no kind "Jop"`},
		{"no selector", "lab", "  selector:\n    matchLabels:\n      app.kubernetes.io/component: lab\n      app.kubernetes.io/name: gibbs\n  strategy", "  strategy", "spec.selector: Required value"},
		{"a selector of other pods", "lab", "    matchLabels:\n      app.kubernetes.io/component: lab\n      app.kubernetes.io/name: gibbs\n  strategy", "    matchLabels:\n      app.kubernetes.io/component: other\n  strategy", "`selector` does not match template `labels`"},
		{"a policy that pods cannot keep", "lessons", "restartPolicy: Never", "restartPolicy: OnFailure", "spec.template.spec.restartPolicy"},
		{"a container that the policy does not find", "lessons", "containerName: gibbs", "containerName: gibs", "must be one of the container"},
		{"a mount of no volume", "lessons", "- mountPath: /tmp\n          name: tmp", "- mountPath: /tmp\n          name: temp", `volumeMounts[2].name: Not found: "temp"`},
		{"a limit below its request", "lessons", "cpu: \"2\"\n            ephemeral-storage: 8Gi", "cpu: \"1\"\n            ephemeral-storage: 8Gi", "must be less than or equal to cpu limit"},
		{"a GPU shared", "lessons-cuda", "nvidia.com/gpu: \"1\"", "nvidia.com/gpu: 500m", "must be an integer"},
		{"a quantity that is none", "lab", "storage: 10Gi", "storage: 10 Gi", "quantities must match"},
		{"root", "lessons", "runAsNonRoot: true", "runAsNonRoot: false", "Pod Security: runAsNonRoot != true"},
		{"uid 0", "lessons", "runAsUser: 1000", "runAsUser: 0", "Pod Security: runAsUser=0"},
		{"a privilege to gain", "lab", "allowPrivilegeEscalation: false", "allowPrivilegeEscalation: true", "Pod Security: allowPrivilegeEscalation != false"},
		{"capabilities", "lab", "- ALL", "- NET_RAW", "Pod Security: unrestricted capabilities"},
		{"no seccomp", "sweep", "type: RuntimeDefault", "type: Unconfined", "Pod Security: seccompProfile"},
		{"the host's files", "sweep", "emptyDir:\n          sizeLimit: 4Gi", "hostPath:\n          path: /tmp", "Pod Security: restricted volume types"},
		{"the host's network", "sweep", "enableServiceLinks: false", "enableServiceLinks: false\n      hostNetwork: true", "Pod Security: host namespaces"},
		{"no limit of memory", "lab", "            memory: 8Gi\n", "", "no limit of memory"},
		{"an image that can be written", "lab", "readOnlyRootFilesystem: true", "readOnlyRootFilesystem: false", "can write to its image"},
		{"no version", "lab", "image: gibbs:cpu", "image: gibbs", "runs gibbs: name a version"},
		{"the newest version, whichever", "lab", "image: gibbs:cpu", "image: registry:5000/gibbs:latest", "name a version"},
		{"CUDA without a GPU", "lab-cuda", "            nvidia.com/gpu: \"1\"\n", "", "runs gibbs:cuda with 0 GPUs"},
		{"a token in the manifest", "lab", "value: /run/secrets/gibbs/token", "value: hunter2", "a secret in its manifest: GIBBS_TOKEN_FILE"},
		{"a token of the cluster", "lab", "automountServiceAccountToken: false", "automountServiceAccountToken: true", "a token of the cluster's API"},
		{"an open network", "sweep", "  - Egress\n", "", "no NetworkPolicy closes"},
		{"no probe", "lab", "        livenessProbe:\n          httpGet:\n            path: /api\n            port: http\n          periodSeconds: 30\n          timeoutSeconds: 10\n", "", "no readiness or no liveness probe"},
		{"a Service of nothing", "lab", "  selector:\n    app.kubernetes.io/component: lab", "  selector:\n    app.kubernetes.io/component: lap", "selects no pod"},
		{"a part too few", "lessons", "completions: 5", "completions: 4", "is not the share of one of 4 completions"},
		{"a sweep too long", "sweep", "SEEDS: 1,2,3,4,5,6", "SEEDS: 1,2,3,4,5,6,7", "14 combinations for 12 completions"},
		{"a variable of nobody", "sweep", "seed=$(SEEDS)", "seed=$(SEED)", "nothing sets $(SEED)"},
		{"a lesson of nobody", "sweep", "02-denoising-score-matching.ipynb", "02-denoising.ipynb", "no such file"},
	} {
		t.Run(fault.name, func(t *testing.T) {
			sound := build(t, filepath.Join("overlays", fault.overlay))
			planted := strings.Replace(sound, fault.from, fault.to, 1)
			if planted == sound {
				t.Fatalf("%q is not in\n%s", fault.from, sound)
			}
			faults := check(planted, repository)
			if !strings.Contains(strings.Join(faults, "\n"), fault.said) {
				t.Errorf("said %q, want %q", faults, fault.said)
			}
		})
	}
}
