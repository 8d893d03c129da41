package main

import (
	"encoding/json"
	"errors"
	"os"
	"path/filepath"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/circleci-community/terraform-provider-circleci/internal/cli"
)

// TestSchema compares the schema with that of the CLI, which may lack a kind of block.
func TestSchema(t *testing.T) {
	if os.Getenv("TF_ACC") == "" {
		t.Skip("acceptance tests run the CLI: set TF_ACC=1, or run make test")
	}
	found, err := cli.Find(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	w, build := cli.Workspace{CLI: found, Dir: t.TempDir(), Env: cli.Environment()}, t.TempDir()
	schema, err := readSchema(t.Context())
	err = errors.Join(err, cli.BuildProvider(t.Context(), filepath.Join(build, cli.Executable)), w.UseBuild(build),
		w.Write(map[string]string{"main.tf": cli.RequiredProviders}))
	output, stderr, runErr := w.Output(t.Context(), "providers", "schema", "-json")
	encoded, encodeErr := json.Marshal(schema)
	if err := errors.Join(err, runErr, encodeErr); err != nil {
		t.Fatal(err, stderr)
	}
	var got map[string]any
	var want struct {
		Providers map[string]map[string]any `json:"provider_schemas"`
	}
	if err := errors.Join(json.Unmarshal(encoded, &got), json.Unmarshal([]byte(output), &want)); err != nil {
		t.Fatal(err)
	}
	schemas := want.Providers[found.ProviderAddress()]
	if schemas == nil {
		t.Errorf("the CLI printed no schema of the provider:\n%s", output)
	}
	for kind := range schemas {
		if diff := cmp.Diff(schemas[kind], got[kind]); diff != "" {
			t.Errorf("%s differs from the CLI's (-want +got):\n%s", kind, diff)
		}
	}
}
