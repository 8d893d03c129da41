package live_test

import (
	"context"
	"crypto/rand"
	"errors"
	"fmt"
	"net/http"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/circleci-community/terraform-provider-circleci/internal/circleci"
	"github.com/circleci-community/terraform-provider-circleci/internal/circleci/circlecitest"
)

// checkWrites creates, lists and deletes a resource class, <namespace>/terraform-test-<random>, and a token of it, with the
// provider's client. They are deleted when something fails, too.
func (i installation) checkWrites(ctx context.Context) (err error) {
	client := i.newClient(circleci.APIVersion(i.apiVersion), i.token, func(time.Duration) {})
	defer client.Close()
	namespace, _, _ := strings.Cut(i.resourceClass, "/")
	name := namespace + "/terraform-test-" + strings.ToLower(rand.Text())
	class, err := client.CreateResourceClass(ctx, name, "Created by make testlive")
	if err != nil {
		return fmt.Errorf("create %s: %w", name, err)
	}
	// Without the class, this does nothing.
	defer func() { err = errors.Join(err, client.DeleteResourceClass(context.WithoutCancel(ctx), class.ID, true)) }()
	listed := func(want bool) func() (bool, error) {
		return func() (bool, error) {
			classes, err := client.ListResourceClasses(ctx, namespace)
			return slices.Contains(classes, class) == want, err
		}
	}
	var token circleci.Token
	for _, step := range []struct {
		name string
		run  func() (ok bool, err error)
	}{
		{"list the class", listed(true)},
		{"create a token", func() (ok bool, err error) {
			created, secret, err := client.CreateToken(ctx, name, "testlive")
			token = created
			return secret != "", err
		}},
		{"list the token", func() (bool, error) {
			tokens, err := client.ListTokens(ctx, name)
			return len(tokens) == 1 && tokens[0].ID == token.ID && tokens[0].Nickname == "testlive", err
		}},
		{"get 409 for the class while it has a token", func() (bool, error) {
			status := (*circleci.StatusError)(nil)
			return errors.As(client.DeleteResourceClass(ctx, class.ID, false), &status) && status.StatusCode == http.StatusConflict, nil
		}},
		{"delete the token", func() (bool, error) { return true, client.DeleteToken(ctx, token.ID) }},
		{"delete the class", func() (bool, error) { return true, client.DeleteResourceClass(ctx, class.ID, false) }},
		{"no longer list the class", listed(false)},
	} {
		if ok, err := step.run(); err != nil || !ok {
			return errors.Join(errors.New(name+": failed to "+step.name), err)
		}
	}
	return nil
}

// TestWrites has a server that works, or fails at one of the requests. What was created is deleted in any case.
func TestWrites(t *testing.T) {
	for failing, want := range map[string]string{
		"":                             "",
		"POST /api/v2/runner/token":    "create a token",
		"GET /api/v2/runner/token":     "create a token",
		"DELETE /api/v2/runner/token/": "delete the token",
	} {
		t.Run(failing, func(t *testing.T) {
			server, i := loopback(t)
			server.Intercept(func(r *http.Request) http.Handler {
				if failing == "" || !strings.HasPrefix(r.Method+" "+r.URL.Path, failing) {
					return nil
				}
				return circlecitest.Error(http.StatusForbidden, "no")
			})
			if err := i.checkWrites(t.Context()); (err == nil) != (want == "") || err != nil && !strings.Contains(err.Error(), ": failed to "+want+"\n") {
				t.Errorf("checkWrites() = %v, want %q", err, want)
			}
			if classes, tokens := server.ResourceClasses(), server.Tokens(); len(classes)+len(tokens) != 0 {
				t.Errorf("%v and %v are left", classes, tokens)
			}
		})
	}
}
