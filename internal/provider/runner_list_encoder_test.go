package provider_test

import (
	"bytes"
	"encoding/json"
	"fmt"
	"math/rand/v2"
	"strings"
	"testing"

	"github.com/hashicorp/terraform-plugin-framework/providerserver"

	"github.com/circleci-community/terraform-provider-circleci/internal/circleci/circlecitest"
	"github.com/circleci-community/terraform-provider-circleci/internal/provider"
	"github.com/circleci-community/terraform-provider-circleci/internal/provider/providertest"
)

// TestRunnerListEncoder reads random lists through the provider's server and through the framework's alone, which converts
// every runner itself: both must encode the same bytes.
func TestRunnerListEncoder(t *testing.T) {
	t.Parallel()
	const seed1, seed2 = 20, 26
	random := rand.New(rand.NewPCG(seed1, seed2))
	server := newServer(t)
	attributes := providertest.Attributes{
		"api_url": providertest.String(server.URL), "token": providertest.String(circlecitest.PersonalToken),
		"api_version": providertest.String("v3"),
	}
	direct := newProvider(t, attributes)
	plain := drivePlain(t, attributes)

	for _, read := range []struct {
		dataSource string
		config     providertest.Attributes
	}{
		{"circleci_runners", providertest.Attributes{"namespace": providertest.String("acme")}},
		{"circleci_runners", providertest.Attributes{"resource_class": providertest.String("acme/linux"), "namespace": providertest.String("acme")}},
		{"circleci_organization_runners", providertest.Attributes{"organization_id": providertest.String("b9291e0d-a11e-41fb-8517-c545388b5953")}},
	} {
		for round := range 150 {
			list := randomList(random)
			server.SetHandler(circlecitest.JSON(list))
			got, err := direct.ReadEncoded(t.Context(), read.dataSource, read.config)
			want, plainErr := plain.ReadEncoded(t.Context(), read.dataSource, read.config)
			if err != nil || plainErr != nil || len(got.Diagnostics)+len(want.Diagnostics) != 0 {
				t.Fatalf("%s, round %d: %v, %v, %+v, %+v for %s", read.dataSource, round, err, plainErr, got, want, list)
			}
			if len(got.State.MsgPack) == 0 || !bytes.Equal(got.State.MsgPack, want.State.MsgPack) {
				t.Fatalf("%s, round %d: the state differs for %s\ndirect: %q\nplain:  %q", read.dataSource, round, list,
					got.State.MsgPack, want.State.MsgPack)
			}
		}
	}
}

// TestDirectListErrors has a read that fails: the diagnostics are the framework's, and no list is put into a state.
func TestDirectListErrors(t *testing.T) {
	t.Parallel()
	server := newServer(t)
	server.SetHandler(circlecitest.JSON(`{"items": [{"resource_class": "other/x", "name": "a"}]}`))
	attributes := providertest.Attributes{"api_url": providertest.String(server.URL), "token": providertest.String(circlecitest.PersonalToken)}
	config := providertest.Attributes{"namespace": providertest.String("acme")}
	_, want := drivePlain(t, attributes).read(t.Context(), "circleci_runners", config)
	_, got := newProvider(t, attributes).read(t.Context(), "circleci_runners", config)
	if len(got) != 1 || len(want) != 1 || *got[0] != *want[0] {
		t.Errorf("the provider reports %+v, the framework %+v", got, want)
	}
}

// drivePlain is newProvider without the wrapper that encodes lists directly.
func drivePlain(t *testing.T, attributes providertest.Attributes) testProvider {
	t.Helper()
	server, err := providertest.Drive(t.Context(), providerserver.NewProtocol6(provider.New("test")())())
	if err != nil {
		t.Fatal(err)
	}
	diagnostics, err := server.Configure(t.Context(), attributes)
	if err != nil || len(diagnostics) != 0 {
		t.Fatalf("the provider is not configured: %v, %+v", err, diagnostics)
	}
	return testProvider{server, t}
}

// randomList is an answer with up to 40 runners of acme/linux: each field may be left out, null, empty, short, long or
// of any script.
func randomList(random *rand.Rand) string {
	items := make([]string, random.IntN(40))
	for i := range items {
		members := []string{`"resource_class": "acme/linux"`, `"name": ` + randomText(random)}
		for _, field := range []string{"hostname", "first_connected", "last_connected", "last_used", "version", "ip", "status"} {
			switch random.IntN(6) {
			case 0:
			case 1:
				members = append(members, fmt.Sprintf("%q: null", field))
			default:
				members = append(members, fmt.Sprintf("%q: %s", field, randomText(random)))
			}
		}
		random.Shuffle(len(members), func(i, j int) { members[i], members[j] = members[j], members[i] })
		items[i] = "{" + strings.Join(members, ", ") + "}"
	}
	return `{"items": [` + strings.Join(items, ", ") + `]}`
}

// randomText is a JSON string. Its lengths are around those at which MessagePack changes its form: 32, 256 and 65,536.
func randomText(random *rand.Rand) string {
	lengths := []int{0, 1, 8, 31, 32, 33, 255, 256, 257}
	length := lengths[random.IntN(len(lengths))]
	if random.IntN(500) == 0 {
		length = 65_535 + random.IntN(3)
	}
	alphabet := []rune("aZ9 -_/\"\\\x00\n\u00e9\u4e16\u202e\U0001f3c3")
	if random.IntN(2) == 0 {
		alphabet = alphabet[:3]
	}
	text := make([]rune, length)
	for i := range text {
		text[i] = alphabet[random.IntN(len(alphabet))]
	}
	encoded, err := json.Marshal(string(text))
	if err != nil {
		panic(err)
	}
	return string(encoded)
}
