package provider_test

import (
	"encoding/json"
	"maps"
	"math/rand/v2"
	"reflect"
	"regexp"
	"slices"
	"strings"
	"testing"

	"github.com/hashicorp/terraform-plugin-go/tftypes"

	"github.com/circleci-community/terraform-provider-circleci/internal/circleci"
	"github.com/circleci-community/terraform-provider-circleci/internal/circleci/circlecitest"
	"github.com/circleci-community/terraform-provider-circleci/internal/provider/providertest"
)

// wordStart is where a field's name in Go gets an underscore in JSON.
var wordStart = regexp.MustCompile(`([a-z])([A-Z])`)

// runnerLists are the data sources with a list of runners.
var runnerLists = map[string]providertest.Attributes{
	"circleci_runners":              {"resource_class": providertest.String("acme/linux"), "namespace": providertest.String("acme")},
	"circleci_organization_runners": {"organization_id": providertest.String("b9291e0d-a11e-41fb-8517-c545388b5953")},
}

// TestRunnerAttributes asserts that the schema, the model, the decoder and the encoder of a runner have the same attributes:
// each attribute of the schema has what the API sent, with the runnerListEncoder and with the framework, which compares the
// model with the schema. The API's fields are those of circleci.Runner.
func TestRunnerAttributes(t *testing.T) {
	t.Parallel()
	var fields []string
	for _, field := range reflect.VisibleFields(reflect.TypeFor[circleci.Runner]()) {
		fields = append(fields, strings.ToLower(wordStart.ReplaceAllString(field.Name, "${1}_$2")))
	}
	server := newServer(t)
	sent := map[string]string{"other": "x"}
	for _, field := range fields {
		sent[field] = "the " + field
	}
	sent["resource_class"] = "acme/linux"
	item, err := json.Marshal(sent)
	if err != nil {
		t.Fatal(err)
	}
	server.SetHandler(circlecitest.JSON(`{"items": [` + string(item) + `]}`))
	for dataSource, config := range runnerLists {
		want := map[string]tftypes.Value{}
		for _, field := range fields {
			if dataSource == "circleci_organization_runners" || field != "ip" && field != "status" {
				want[field] = providertest.String(sent[field])
			}
		}
		for _, encoding := range encodings {
			p := encoding.provider(t, server, providertest.Attributes{"api_version": providertest.String("v3")})
			state, got := p.read(t.Context(), dataSource, config)
			assertNoDiagnostics(t, got)
			runners := runnersOf(t, state)
			if len(runners) != 1 || !maps.EqualFunc(runners[0], want, tftypes.Value.Equal) {
				t.Errorf("%s, %s: got %v, want %v", dataSource, encoding.name, runners, want)
			}
		}
	}
}

// TestRunnerListEncoder reads random lists with the runnerListEncoder and with the framework alone: both must encode the same
// values.
func TestRunnerListEncoder(t *testing.T) {
	t.Parallel()
	random := rand.New(rand.NewPCG(20, 26))
	server := newServer(t)
	attributes := providertest.Attributes{"api_version": providertest.String("v3")}
	direct, framework := newProvider(t, server, attributes), newFrameworkProvider(t, server, attributes)
	for _, dataSource := range slices.Sorted(maps.Keys(runnerLists)) {
		for round := range 150 {
			list := randomList(random)
			server.SetHandler(circlecitest.JSON(list))
			got, diagnostics := direct.read(t.Context(), dataSource, runnerLists[dataSource])
			want, frameworkDiagnostics := framework.read(t.Context(), dataSource, runnerLists[dataSource])
			assertNoDiagnostics(t, append(diagnostics, frameworkDiagnostics...))
			if len(got) == 0 || !maps.EqualFunc(got, want, tftypes.Value.Equal) {
				t.Fatalf("%s, round %d: the state differs for %s\ngot:  %v\nwant: %v", dataSource, round, list, got, want)
			}
		}
	}
}

// TestRunnerListEncoderErrors has a read that fails: the diagnostics are the framework's, and the state has no list.
func TestRunnerListEncoderErrors(t *testing.T) {
	t.Parallel()
	server := newServer(t)
	server.SetHandler(circlecitest.JSON(`{"items": [{"resource_class": "other/x", "name": "a"}]}`))
	_, want := newFrameworkProvider(t, server, nil).read(t.Context(), "circleci_runners", acmeNamespace)
	state, got := newProvider(t, server, nil).read(t.Context(), "circleci_runners", acmeNamespace)
	assertDiagnostic(t, got, wantDiagnostic{summary: "Error reading runners of namespace acme", detail: `"other/x"`})
	expectSame(t, "diagnostics", want, got)
	if runners := state["runners"]; !runners.IsNull() {
		t.Errorf("got runners %s, want null", runners)
	}
}

// randomList returns a response with up to 40 runners of acme/linux: each field may be missing, null, empty, short, long or
// of any script.
func randomList(random *rand.Rand) string {
	items := make([]map[string]any, random.IntN(40))
	for i := range items {
		items[i] = map[string]any{"resource_class": "acme/linux", "name": randomString(random)}
		for _, field := range []string{"hostname", "first_connected", "last_connected", "last_used", "version", "ip", "status"} {
			switch random.IntN(6) {
			case 0:
			case 1:
				items[i][field] = nil
			default:
				items[i][field] = randomString(random)
			}
		}
	}
	encoded, err := json.Marshal(map[string]any{"items": items})
	if err != nil {
		panic(err)
	}
	return string(encoded)
}

// randomString returns a string. Its lengths are near those at which MessagePack changes its form: 32, 256 and 65,536.
func randomString(random *rand.Rand) string {
	lengths := []int{0, 1, 8, 31, 32, 33, 255, 256, 257}
	length := lengths[random.IntN(len(lengths))]
	if random.IntN(500) == 0 {
		length = 65_535 + random.IntN(3)
	}
	alphabet := []rune("aZ9 -_/\"\\\x00\n\u00e9\u4e16\u202e\U0001f3c3")
	if random.IntN(2) == 0 {
		alphabet = alphabet[:3]
	}
	runes := make([]rune, length)
	for i := range runes {
		runes[i] = alphabet[random.IntN(len(alphabet))]
	}
	return string(runes)
}
