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
	ctx := t.Context()
	found, err := cli.Find(ctx)
	if err != nil {
		t.Fatal(err)
	}
	w := cli.Workspace{CLI: found, Dir: t.TempDir(), Env: cli.Environment()}
	build := t.TempDir()
	err = errors.Join(cli.BuildProvider(ctx, filepath.Join(build, cli.Executable)), w.UseBuild(build),
		w.Write(map[string]string{"main.tf": cli.RequiredProviders}))
	if err != nil {
		t.Fatal(err)
	}
	output, stderr, err := w.Output(ctx, "providers", "schema", "-json")
	if err != nil {
		t.Fatalf("%v\n%s", err, stderr)
	}
	var want struct {
		Providers map[string]map[string]any `json:"provider_schemas"`
	}
	if err := json.Unmarshal([]byte(output), &want); err != nil {
		t.Fatal(err)
	}
	got := roundTrip(t)
	for _, schema := range want.Providers {
		for kind, schemas := range schema {
			if diff := cmp.Diff(schemas, got[kind]); diff != "" {
				t.Errorf("%s differs from the CLI's (-want +got):\n%s", kind, diff)
			}
		}
	}
	if len(want.Providers) != 1 {
		t.Errorf("the CLI printed the schemas of %d providers, want 1", len(want.Providers))
	}
}

// roundTrip returns what the command prints of the provider, decoded.
func roundTrip(t *testing.T) map[string]any {
	t.Helper()
	schema, err := readSchema(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	encoded, err := json.Marshal(schema)
	if err != nil {
		t.Fatal(err)
	}
	var decoded map[string]any
	if err := json.Unmarshal(encoded, &decoded); err != nil {
		t.Fatal(err)
	}
	return decoded
}
