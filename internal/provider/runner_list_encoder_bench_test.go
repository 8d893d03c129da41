package provider

import (
	"context"
	"fmt"
	"testing"

	"github.com/hashicorp/terraform-plugin-framework/datasource"
	"github.com/hashicorp/terraform-plugin-framework/tfsdk"
	"github.com/hashicorp/terraform-plugin-framework/types"
	"github.com/hashicorp/terraform-plugin-go/tfprotov6"
	"github.com/hashicorp/terraform-plugin-go/tftypes"

	"github.com/circleci-community/terraform-provider-circleci/internal/circleci"
)

// BenchmarkConvert encodes the client's runners as the MessagePack of the state, without a read: with the wrapper and, as the
// baseline, with the framework and a slice of structs of types.String.
func BenchmarkConvert(b *testing.B) {
	ctx := context.Background()
	var schema datasource.SchemaResponse
	newRunnersDataSource().Schema(ctx, datasource.SchemaRequest{}, &schema)
	kind := schema.Schema.Type().TerraformType(ctx)
	baseline := func(b *testing.B, runners []runnerModel) []byte {
		b.Helper()
		state := tfsdk.State{Schema: schema.Schema, Raw: tftypes.NewValue(kind, nil)}
		if diags := state.Set(ctx, &runnersModel{Namespace: types.StringValue("acme"), Runners: runners}); diags.HasError() {
			b.Fatal(diags)
		}
		encoded, err := tfprotov6.NewDynamicValue(kind, state.Raw)
		if err != nil {
			b.Fatal(err)
		}
		return encoded.MsgPack
	}
	for _, n := range []int{10, 1_000, 10_000} {
		format := func(s string, i int) *string { s = fmt.Sprintf(s, i); return &s }
		runners := make([]circleci.Runner, n)
		for i := range runners {
			runners[i] = circleci.Runner{
				ResourceClass: "acme/linux", Name: fmt.Sprintf("ephemeral-%012d", i), Hostname: format("ip-10-0-%012d.ec2.internal", i),
				FirstConnected: format("2026-03-02T08:%02d:00Z", i%60), LastConnected: format("2026-03-02T09:%02d:00Z", i%60),
				Version: format("3.1.%d", i%5),
			}
		}
		b.Run(fmt.Sprintf("runners=%d/way=direct", n), func(b *testing.B) {
			empty := baseline(b, []runnerModel{})
			b.ReportAllocs()
			for b.Loop() {
				if _, err := replaceRunners(empty, newRunnerModels(runners)); err != nil {
					b.Fatal(err)
				}
			}
		})
		b.Run(fmt.Sprintf("runners=%d/way=baseline", n), func(b *testing.B) {
			b.ReportAllocs()
			for b.Loop() {
				baseline(b, newRunnerModels(runners))
			}
		})
	}
}
