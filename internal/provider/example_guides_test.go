package provider_test

import (
	"context"
	"path/filepath"
	"strings"
	"testing"

	"github.com/hashicorp/terraform-plugin-go/tfprotov6"
	"github.com/hashicorp/terraform-plugin-go/tftypes"

	"github.com/circleci-community/terraform-provider-circleci/internal/circleci/circlecitest"
	"github.com/circleci-community/terraform-provider-circleci/internal/provider"
)

// TestExampleAuthentication gives the token through an ephemeral variable: it is in no file that the run leaves.
func TestExampleAuthentication(t *testing.T) {
	server := newServer(t)
	server.SetTasks("acme/linux", 3, 2)
	t.Setenv("CIRCLECI_RUNNER_API_URL", server.URL)
	t.Setenv("TF_VAR_circleci_token", circlecitest.PersonalToken)
	w := newExample(t, "authentication")
	if got := w.report("plan", "-json", "-out=plan.zip"); len(got) != 0 {
		t.Fatalf("plan reports %+v", got)
	}
	expectOutputs(t, w, map[string]any{"waiting": 3.0})
	for _, request := range server.Requests() {
		expectCredential(t, request, "Circle-Token", circlecitest.PersonalToken)
	}
	written := w.files()
	w.unzip("plan.zip", written)
	if !strings.Contains(written["terraform.tfstate"], "unclaimed_task_count") || written["plan.zip/tfplan"] == "" {
		t.Fatal("the run left no state or no plan")
	}
	for name, content := range written {
		if strings.Contains(content, circlecitest.PersonalToken) {
			t.Errorf("%s holds the token", name)
		}
	}
}

// TestExampleServer has an installation with a private authority.
func TestExampleServer(t *testing.T) {
	authority := circlecitest.NewAuthority()
	server := newTLSServer(t, authority, nil)
	server.SetRunners(fleet...)
	t.Setenv("CIRCLE_TOKEN", circlecitest.PersonalToken)
	t.Setenv("TF_VAR_server_url", server.URL)
	w := newExample(t, "server")
	w.write("ca.pem", authority.CertificatePEM)
	w.env = append(w.env, "TF_VAR_ca_file="+filepath.Join(w.dir, "ca.pem"))
	expectOutputs(t, w, map[string]any{"runners": []any{"a", "b"}})
}

// TestExampleTogether validates the configuration with a stand-in for CircleCI's own provider.
func TestExampleTogether(t *testing.T) {
	w := newExample(t, "together")
	ours := w.env[len(w.env)-1]
	theirs := serve(t, "circleci-public/circleci", func() tfprotov6.ProviderServer { return publicProvider{provider.NewServer("test")()} })
	w.env = append(w.env, strings.TrimSuffix(ours, "}")+","+strings.TrimPrefix(theirs, "{"))
	expectReport(t, w.validate())
}

// publicProvider has the names that the example uses of CircleCI-Public/circleci, and validates nothing but them.
type publicProvider struct{ tfprotov6.ProviderServer }

func (publicProvider) GetProviderSchema(context.Context, *tfprotov6.GetProviderSchemaRequest) (*tfprotov6.GetProviderSchemaResponse, error) {
	schema := func(names ...string) *tfprotov6.Schema {
		block := &tfprotov6.SchemaBlock{}
		for _, name := range names {
			block.Attributes = append(block.Attributes, &tfprotov6.SchemaAttribute{Name: name, Type: tftypes.String, Optional: true})
		}
		return &tfprotov6.Schema{Block: block}
	}
	return &tfprotov6.GetProviderSchemaResponse{
		Provider: schema("host", "key", "runner_host"),
		ResourceSchemas: map[string]*tfprotov6.Schema{
			"circleci_runner_resource_class": schema("organization_id", "resource_class", "description"),
			"circleci_runner_token":          schema("organization_id", "resource_class", "nickname"),
		},
	}, nil
}

func (publicProvider) ValidateProviderConfig(context.Context, *tfprotov6.ValidateProviderConfigRequest) (*tfprotov6.ValidateProviderConfigResponse, error) {
	return &tfprotov6.ValidateProviderConfigResponse{}, nil
}

func (publicProvider) ValidateResourceConfig(context.Context, *tfprotov6.ValidateResourceConfigRequest) (*tfprotov6.ValidateResourceConfigResponse, error) {
	return &tfprotov6.ValidateResourceConfigResponse{}, nil
}
