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

const configuration = `
terraform {
  required_providers {
    circleci = {
      source = "circleci-community/circleci"
    }
  }
}
`

// TestSchema compares the schema with that of the CLI, which may lack a kind of block.
func TestSchema(t *testing.T) {
	if os.Getenv("TF_ACC") == "" {
		t.Skip("acceptance tests run the CLI: set TF_ACC=1, or run make test")
	}
	cli.Isolate()
	found, err := cli.Find(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	dir := t.TempDir()
	w, err := found.NewWorkspace(dir)
	err = errors.Join(err, found.InstallProvider(t.Context(), t.TempDir()),
		os.WriteFile(filepath.Join(dir, "main.tf"), []byte(configuration), 0o600), w.Init(t.Context()))
	if err != nil {
		t.Fatal(err)
	}
	output, stderr, err := w.Output(t.Context(), "providers", "schema", "-json")
	if err != nil {
		t.Fatal(err, stderr)
	}
	schema, err := readSchema(t.Context())
	encoded, encodeErr := json.Marshal(schema)
	var got map[string]any
	var want struct {
		Providers map[string]map[string]any `json:"provider_schemas"`
	}
	decodeErr := errors.Join(json.Unmarshal(encoded, &got), json.Unmarshal([]byte(output), &want))
	if err := errors.Join(err, encodeErr, decodeErr); err != nil {
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
