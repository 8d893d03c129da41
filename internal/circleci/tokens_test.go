package circleci_test

import (
	"strings"
	"testing"

	"github.com/circleci-community/terraform-provider-circleci/internal/circleci/circlecitest"
)

func TestListTokensRejects(t *testing.T) {
	const (
		id      = `"id":"` + newID + `",`
		class   = `"resource_class":"acme/linux",`
		created = `"created_at":"2026-01-01T00:00:00Z"`
	)
	for want, items := range map[string]string{
		`lists a token of resource class "acme/other",`:        id + strings.Replace(class, "linux", "other", 1) + created,
		"has no RFC 3339 date-time for created_at in items[0]": id + class + `"created_at":"today"`,
		wrongType + "items[0].nickname":                        id + class + created + `,"nickname":7`,
		"has no UUID for id in items[1]":                       id + class + created + `},{` + class + created,
	} {
		_, client := serve(t, circlecitest.JSON(`{"items":[{`+items+`}]}`))
		_, err := client.ListTokens(t.Context(), "acme/linux")
		assertReason(t, err, want)
	}
}

// The secret of a token is in no error of the response that returns it.
func TestTokenSecretIsRedacted(t *testing.T) {
	bodies := []string{
		`{"token" : "@"}`, `{"token":"@`, `token {"token":"@"}`, `<title>@</title>`, `{"token":"@","id":"@"}`,
		`{"token":"@","@":1,"@":1}`,
		`{"id":"` + newID + `","resource_class":"@","created_at":"2026-01-01T00:00:00Z","token":"@"}`,
	}
	for status, bodies := range map[int][]string{201: bodies, 403: bodies, 500: append(bodies, `{"message":"@"}`)} {
		for _, body := range bodies {
			var attempts recorder
			list := circlecitest.JSON(`{"items":[]}`)
			server, client := serve(t, list, attempts.record)
			server.Enqueue(list, circlecitest.Raw(status, "application/json", strings.ReplaceAll(body, "@", secret)))
			_, _, err := client.CreateToken(t.Context(), "acme/linux", "")
			for _, text := range []string{errorText(err), errorText(attempts.all()[1].Err)} {
				if text == "" || strings.Contains(text, secret) {
					t.Errorf("%d, %s: want an error without the secret, got %s", status, body, text)
				}
			}
		}
	}
}
