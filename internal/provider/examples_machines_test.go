package provider_test

import (
	"encoding/base64"
	"encoding/json"
	"reflect"
	"regexp"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/circleci-community/terraform-provider-circleci/internal/circleci/circlecitest"
)

// machinesTest is what an example with machines of a real platform promises.
type machinesTest struct {
	// fakes are the platform's providers.
	fakes []string
	// actions are files with actions, which only Terraform 1.14 can read. Their page says that others do without them.
	actions []string
	// variables are set in every run.
	variables map[string]string
	// classes are the resource classes that the example creates.
	classes []string
	// created are the platform's resources that a first apply creates.
	created []string
	// machines is the type of the resource with the machines. It changes after the secrets are stored, and then their
	// runners connect.
	machines string
	// stored are the secrets that the platform was given as write-only values, by resource class.
	stored func(cloud *fakeCloud) map[string]any
	// size is the size that the platform was told.
	size func(cloud *fakeCloud) any
	// resized sets another size, and sizes are both.
	resized map[string]string
	sizes   [2]any
	// steps are those that the page describes next. They replace the tokens at least.
	steps []machinesStep
	// hasTimes reports whether revisions are times, in seconds.
	hasTimes bool
	// misspelled is an argument of the example.
	misspelled string
}

// machinesStep is an apply of the page.
type machinesStep struct {
	// variables stay set in later steps.
	variables map[string]string
	// arguments are those of this plan alone, such as -replace.
	arguments []string
	// changes are those of the platform.
	changes []string
	// tokens is the number of tokens of each class after it.
	tokens int
}

// TestAccMachines runs each example from nothing to destroy, with fakes of the platform's providers.
func TestAccMachines(t *testing.T) {
	for name, test := range machinesTests() {
		t.Run(name, func(t *testing.T) {
			requireVersion(t, "write-only arguments", "1.11", "1.11")
			m := newMachines(t, name, test)
			m.b.succeed("validate")
			m.apply(machinesStep{changes: prefixed("create ", test.created), tokens: 1})
			first := m.secrets()
			m.expectSize(test.sizes[0])
			m.apply(machinesStep{variables: test.resized, changes: []string{"update " + test.machines}, tokens: 1})
			m.expectSize(test.sizes[1])
			for _, step := range test.steps {
				m.apply(step)
			}
			for class, secret := range m.secrets() {
				if secret == first[class] {
					t.Errorf("the token of %s was not rotated", class)
				}
			}
			m.destroy()
		})
	}
}

// TestAccMachinesMisspelled misspells an argument, so that an extract of a schema which accepts anything is noticed.
func TestAccMachinesMisspelled(t *testing.T) {
	for name, test := range machinesTests() {
		t.Run(name, func(t *testing.T) {
			requireVersion(t, "write-only arguments", "1.11", "1.11")
			m := newMachines(t, name, test)
			argument := regexp.MustCompile(`(?m)^( +` + test.misspelled + `)( +=)`)
			m.b.write("main.tf", argument.ReplaceAllString(read(t, m.b.path("main.tf")), "${1}s$2"))
			printed, ok := m.b.run("validate", "-no-color")
			if ok {
				t.Errorf("validate accepts %ss", test.misspelled)
			}
			expectLines(t, printed, "Error: Unsupported argument", `named "`+test.misspelled+`s" is not expected here.`)
		})
	}
}

// machines is a run of an example.
type machines struct {
	machinesTest
	b      binary
	server *circlecitest.Server
	cloud  *fakeCloud
}

// newMachines initializes a copy of an example.
func newMachines(t *testing.T, name string, test machinesTest) machines {
	t.Helper()
	cloud := serveFakes(t, test.fakes...)
	files, server := exampleFiles(t, name), newServer(t)
	if !hasVersion(t, "1.14", "") {
		for _, file := range test.actions {
			delete(files, file)
		}
	}
	setEnvironment(t, server, nil)
	m := machines{test, newDirectory(t, files), server, cloud}
	m.b.check(m.b.Init(t.Context()))
	m.set(test.variables)
	cloud.onChange = func(change fakeChange) {
		if change.Resource != test.machines {
			return
		}
		server.SetRunners()
		if change.Action != "delete" {
			m.expectStored()
			server.SetRunners(m.connected()...)
		} else if len(server.Tokens()) == 0 {
			t.Error("the tokens are deleted before the machines that use them")
		}
	}
	return m
}

// connected are enough runners of each class.
func (m machines) connected() (runners []circlecitest.Runner) {
	for _, class := range m.classes {
		for _, name := range []string{"a", "b", "c", "d"} {
			runners = append(runners, circlecitest.Runner{ResourceClass: class, Name: name, LastConnected: ago(0)})
		}
	}
	return runners
}

func (m machines) set(variables map[string]string) {
	for name, value := range variables {
		m.b.t.Setenv("TF_VAR_"+name, value)
	}
}

// apply plans and applies a step. Then the platform has the newest tokens, no file has a secret but as a token's own,
// and the next plan is empty.
func (m machines) apply(step machinesStep) {
	t := m.b.t
	t.Helper()
	for start := time.Now().Unix(); m.hasTimes && time.Now().Unix() == start; { // The next plan has another revision.
		m.b.succeed("validate")
	}
	m.set(step.variables)
	printed := m.b.succeed(append([]string{"plan", "-no-color", "-out=plan.zip"}, step.arguments...)...)
	m.expectNoSecret(printed)
	printed = m.b.succeed("apply", "-no-color", "plan.zip")
	if strings.Contains(printed, "Warning: ") {
		t.Errorf("the apply warns:\n%s", printed)
	}
	m.expectChanges(step.changes)
	if got, want := len(m.server.Tokens()), step.tokens*len(m.classes); got != want {
		t.Errorf("%d tokens exist, want %d", got, want)
	}
	m.expectStored()
	m.expectNoSecret(printed)
	m.b.expectEmptyPlan()
}

// destroy destroys everything.
func (m machines) destroy() {
	t := m.b.t
	t.Helper()
	m.set(map[string]string{"wait": "false"}) // An example without the variable ignores it.
	m.b.succeed("destroy", "-auto-approve", "-no-color")
	m.expectChanges(prefixed("delete ", m.created))
	expectNothingLeft(t, m.server)
}

// expectChanges asserts the platform's changes since the last call, in any order: some are concurrent.
func (m machines) expectChanges(want []string) {
	m.b.t.Helper()
	got := m.cloud.take()
	slices.Sort(got)
	if want = slices.Sorted(slices.Values(want)); !slices.Equal(got, want) {
		m.b.t.Errorf("the platform's changes are %q, want %q", got, want)
	}
}

// expectStored asserts that the platform was given the newest token of each class.
func (m machines) expectStored() {
	m.b.t.Helper()
	if stored, newest := m.stored(m.cloud), m.secrets(); !reflect.DeepEqual(stored, newest) {
		m.b.t.Errorf("the platform was given the secrets %v, want %v", stored, newest)
	}
}

func (m machines) expectSize(want any) {
	m.b.t.Helper()
	if got := m.size(m.cloud); !reflect.DeepEqual(got, want) {
		m.b.t.Errorf("the size is %v (%[1]T), want %v (%[2]T)", got, want)
	}
}

// secrets returns the secret of the newest token of each class.
func (m machines) secrets() map[string]any {
	secrets := map[string]any{}
	for _, token := range m.server.Tokens() {
		secrets[token.ResourceClass] = token.Secret
	}
	return secrets
}

// expectNoSecret asserts that no token's secret is in what the CLI printed, in a file of the workspace, or in a file of
// the plan, unless it is the attribute of the token itself.
func (m machines) expectNoSecret(printed string) {
	t := m.b.t
	t.Helper()
	plan, own := withoutTokens(t, m.b.succeed("show", "-json", "plan.zip"))
	written := m.b.files()
	m.b.unzip("plan.zip", written)
	written["the output"], written["the plan"] = printed, plan
	for name, content := range written {
		if strings.HasPrefix(name, "terraform.tfstate") || name == "plan.zip/tfstate" || name == "plan.zip/tfstate-prev" {
			written[name], _ = withoutTokens(t, content)
		}
	}
	for _, token := range m.server.Tokens() {
		for name, content := range written {
			found := strings.Count(content, token.Secret) +
				strings.Count(content, base64.StdEncoding.EncodeToString([]byte(token.Secret)))
			if name == "plan.zip/tfplan" { // It has the changes alone, in a format of its own.
				found -= own[token.Secret]
			}
			if found != 0 {
				t.Errorf("%s has the secret of a token %d times", name, found)
			}
		}
	}
}

// withoutTokens removes the secrets of tokens from a plan or a state in JSON, each from the attribute of its own. It
// returns how often each is in the plan's changes.
func withoutTokens(t *testing.T, encoded string) (rest string, inChanges map[string]int) {
	t.Helper()
	var decoded map[string]any
	if encoded == "" {
		return "", nil
	}
	if err := json.Unmarshal([]byte(encoded), &decoded); err != nil {
		t.Fatal(err)
	}
	inChanges = map[string]int{}
	changes, _ := decoded["resource_changes"].([]any)
	for _, change := range changes {
		removed := removeTokens(change, false)
		planned, _ := change.(map[string]any)["change"].(map[string]any)
		if reflect.DeepEqual(planned["actions"], []any{"no-op"}) {
			removed = removed[len(removed)/2:] // The plan has what stays as it is once, its JSON twice.
		}
		for _, secret := range removed {
			inChanges[secret]++
		}
	}
	removeTokens(decoded, false)
	left, err := json.Marshal(decoded)
	if err != nil {
		t.Fatal(err)
	}
	return string(left), inChanges
}

// removeTokens removes the attribute token of each circleci_runner_token, and returns its values.
func removeTokens(value any, inToken bool) (removed []string) {
	switch value := value.(type) {
	case []any:
		for _, item := range value {
			removed = append(removed, removeTokens(item, inToken)...)
		}
	case map[string]any:
		inToken = inToken || value["type"] == "circleci_runner_token"
		for key, item := range value {
			if secret, isString := item.(string); isString && inToken && key == "token" {
				removed = append(removed, secret)
				delete(value, key)
				continue
			}
			removed = append(removed, removeTokens(item, inToken)...)
		}
	}
	return removed
}

func prefixed(prefix string, names []string) (all []string) {
	for _, name := range names {
		all = append(all, prefix+name)
	}
	return all
}

// TestExampleAWSPools creates three pools, each with a class, a token and a group of its own, and destroys them.
func TestExampleAWSPools(t *testing.T) {
	requireVersion(t, "write-only arguments", "1.11", "1.11")
	cloud := serveFakes(t, "hashicorp/aws")
	files, server := exampleFiles(t, "aws"), newServer(t)
	if !hasVersion(t, "1.14", "") {
		delete(files, "wait.tf")
	}
	setEnvironment(t, server, map[string]string{"TF_VAR_subnets": `["subnet-1"]`, "TF_VAR_image": "ami-1"})
	const linux = "acme/linux-medium"
	cloud.onChange = func(change fakeChange) {
		if change.Resource == "aws_autoscaling_group" && change.Action == "create" {
			server.SetRunners(
				circlecitest.Runner{ResourceClass: linux, Name: "a", LastConnected: ago(0)},
				circlecitest.Runner{ResourceClass: linux, Name: "b", LastConnected: ago(0)},
			)
		}
	}
	b := newDirectory(t, files)
	b.succeed("-chdir=pools", "init")
	printed := b.succeed("-chdir=pools", "apply", "-auto-approve", "-no-color")
	if strings.Contains(printed, "Warning: ") {
		t.Errorf("the apply warns:\n%s", printed)
	}
	want := []string{"acme/gpu-large", "acme/linux-large", linux}
	var classes, tokens []string
	for _, class := range server.ResourceClasses() {
		classes = append(classes, class.ResourceClass)
	}
	for _, token := range server.Tokens() {
		tokens = append(tokens, token.ResourceClass)
	}
	slices.Sort(classes)
	slices.Sort(tokens)
	if !slices.Equal(classes, want) || !slices.Equal(tokens, want) {
		t.Errorf("the classes are %q, their tokens are of %q, want %q", classes, tokens, want)
	}
	expectLines(t, b.succeed("-chdir=pools", "output", "-json"),
		`"acme/gpu-large": "circleci-acme-gpu-large"`, `"acme/linux-large": "circleci-acme-linux-large"`,
		`"acme/linux-medium": "circleci-acme-linux-medium"`)
	if groups := strings.Count(strings.Join(cloud.take(), "\n"), "create aws_autoscaling_group"); groups != len(want) {
		t.Errorf("%d groups were created, want %d", groups, len(want))
	}
	expectLines(t, b.succeed("-chdir=pools", "plan", "-no-color"), "No changes.")
	b.succeed("-chdir=pools", "destroy", "-auto-approve")
	expectNothingLeft(t, server)
}

// TestMachinesTests runs the CLI's tests of the examples, with all providers mocked.
func TestMachinesTests(t *testing.T) {
	requireVersion(t, "mocked providers", "1.11", "1.12")
	for name, row := range machinesTests() {
		t.Run(name, func(t *testing.T) {
			m := newMachines(t, name, row)
			expectLines(t, m.b.succeed("test", "-no-color"), ", 0 failed.")
			expectRequests(t, m.server)
		})
	}
}
