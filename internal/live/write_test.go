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

	"github.com/circleci-community/terraform-provider-circleci/internal/circleci"
	"github.com/circleci-community/terraform-provider-circleci/internal/circleci/circlecitest"
)

// checkWrites creates, lists and deletes a resource class and a token, with the provider's client. What it created is
// deleted when something fails, too. Both are in a class of their own, <namespace>/terraform-test-<random>.
func (i installation) checkWrites(ctx context.Context) (err error) {
	client := circleci.New(circleci.Config{
		APIURL: i.apiURL, APIVersion: circleci.APIVersion(i.apiVersion), Credential: circleci.PersonalToken(i.token), MaxRetries: 1,
		UserAgent: "terraform-provider-circleci-testlive (+https://github.com/circleci-community/terraform-provider-circleci)",
	})
	defer client.Close()
	namespace, _, _ := strings.Cut(i.resourceClass, "/")
	name := namespace + "/terraform-test-" + strings.ToLower(rand.Text())

	class, err := client.CreateResourceClass(ctx, name, "Created by make testlive")
	if err != nil {
		return fmt.Errorf("create %s: %w", name, err)
	}
	classDeleted := false
	defer func() {
		if !classDeleted {
			err = errors.Join(err, client.DeleteResourceClass(context.WithoutCancel(ctx), class.ID, true))
		}
	}()
	classes, err := client.ListResourceClasses(ctx, namespace)
	if err != nil || !slices.Contains(classes, class) {
		return errors.Join(fmt.Errorf("the class %s is not listed as it was created", name), err)
	}
	token, _, err := client.CreateToken(ctx, name, "testlive")
	if err != nil {
		return fmt.Errorf("create a token of %s: %w", name, err)
	}
	tokens, err := client.ListTokens(ctx, name)
	if err != nil || len(tokens) != 1 || tokens[0].ID != token.ID || tokens[0].Nickname != "testlive" {
		return errors.Join(fmt.Errorf("the token %s is not listed as it was created", token.ID), err)
	}
	if status := (*circleci.StatusError)(nil); !errors.As(client.DeleteResourceClass(ctx, class.ID, false), &status) || status.StatusCode != http.StatusConflict {
		return errors.New("a class that still has a token is not refused with 409 on deletion")
	}
	if err := client.DeleteToken(ctx, token.ID); err != nil {
		return fmt.Errorf("delete the token %s: %w", token.ID, err)
	}
	if err := client.DeleteResourceClass(ctx, class.ID, false); err != nil {
		return fmt.Errorf("delete %s: %w", name, err)
	}
	classDeleted = true
	classes, err = client.ListResourceClasses(ctx, namespace)
	if err != nil || slices.Contains(classes, class) {
		return errors.Join(fmt.Errorf("the class %s is still listed after it was deleted", name), err)
	}
	return nil
}

// TestWrites tries checkWrites against the loopback server, which works or fails at one of the requests.
func TestWrites(t *testing.T) {
	t.Parallel()
	for name, test := range map[string]struct {
		failing string
		want    string
	}{
		"works":                    {},
		"the token is not created": {failing: "POST /api/v2/runner/token", want: "create a token of acme/terraform-test-"},
		"the list fails":           {failing: "GET /api/v2/runner/token", want: "create a token of acme/terraform-test-"},
		"the token is not deleted": {failing: "DELETE /api/v2/runner/token/", want: "delete the token "},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			server, i := loopback(t)
			i.apiVersion = "v2"
			server.Intercept(failAt(test.failing))
			err := i.checkWrites(t.Context())
			if test.want == "" && err != nil || test.want != "" && (err == nil || !strings.HasPrefix(err.Error(), test.want)) {
				t.Errorf("checkWrites() = %v, want %q", err, test.want)
			}
			for _, class := range server.ResourceClasses() {
				if strings.HasPrefix(class.ResourceClass, "acme/terraform-test-") {
					t.Errorf("%s is left", class.ResourceClass)
				}
			}
			if tokens := server.Tokens(); len(tokens) != 0 {
				t.Errorf("%d tokens are left", len(tokens))
			}
		})
	}
}

// failAt refuses the requests whose method and path have a prefix.
func failAt(prefix string) func(*http.Request) http.Handler {
	return func(r *http.Request) http.Handler {
		if prefix != "" && strings.HasPrefix(r.Method+" "+r.URL.Path, prefix) {
			return circlecitest.Error(http.StatusForbidden, "no")
		}
		return nil
	}
}
