package provider

import (
	"context"
	"fmt"
	"iter"

	"github.com/hashicorp/terraform-plugin-framework/diag"
	"github.com/hashicorp/terraform-plugin-framework/list"
	"github.com/hashicorp/terraform-plugin-framework/list/schema"
	"github.com/hashicorp/terraform-plugin-framework/resource"
	"github.com/hashicorp/terraform-plugin-framework/schema/validator"
	"github.com/hashicorp/terraform-plugin-framework/types"
)

func newRunnerResourceClassList() list.ListResource { return &runnerResourceClassList{} }

// runnerResourceClassList implements list "circleci_runner_resource_class".
type runnerResourceClassList struct{ apiResource }

var _ list.ListResourceWithConfigure = (*runnerResourceClassList)(nil)

type runnerResourceClassListModel struct {
	Namespace types.String `tfsdk:"namespace"`
}

func (l *runnerResourceClassList) Metadata(_ context.Context, req resource.MetadataRequest, resp *resource.MetadataResponse) {
	resp.TypeName = req.ProviderTypeName + "_runner_resource_class"
}

func (l *runnerResourceClassList) ListResourceConfigSchema(_ context.Context, _ list.ListResourceSchemaRequest, resp *list.ListResourceSchemaResponse) {
	resp.Schema = schema.Schema{
		MarkdownDescription: "Lists the resource classes of a namespace, to import them.",
		Attributes: map[string]schema.Attribute{
			"namespace": schema.StringAttribute{
				Required:            true,
				Validators:          []validator.String{namespaceValidator()},
				MarkdownDescription: "Namespace, the part of a resource class before the slash.",
			},
		},
	}
}

func (l *runnerResourceClassList) List(ctx context.Context, req list.ListRequest, stream *list.ListResultsStream) {
	if l.api.client == nil {
		stream.Results = unconfiguredResults()
		return
	}
	ctx = withThrottleLog(ctx)
	var model runnerResourceClassListModel
	if diags := req.Config.Get(ctx, &model); diags.HasError() {
		stream.Results = list.ListResultsStreamDiagnostics(diags)
		return
	}
	namespace := model.Namespace.ValueString()
	classes, err := l.api.client.ListResourceClasses(ctx, namespace)
	if err != nil {
		var diags diag.Diagnostics
		l.api.addClassesError(ctx, &diags, namespace, err)
		stream.Results = list.ListResultsStreamDiagnostics(diags)
		return
	}
	results := make([]listed, len(classes))
	for i, class := range classes {
		name := types.StringValue(class.ResourceClass)
		results[i] = listed{
			displayName: l.api.client.Sanitize(class.ResourceClass),
			identity:    resourceClassIdentity{name},
			resource: runnerResourceClassResourceModel{
				ID: types.StringValue(class.ID), ResourceClass: name, Description: types.StringValue(class.Description),
			},
		}
	}
	stream.Results = listResults(ctx, req, results)
}

// unconfiguredResults is the error of a list block while the provider's configuration is unknown. The framework defers everything
// else then.
func unconfiguredResults() iter.Seq[list.ListResult] {
	return list.ListResultsStreamDiagnostics(diag.Diagnostics{diag.NewErrorDiagnostic("Unknown value in provider configuration",
		"The provider lists nothing while an attribute of its configuration is unknown. Give it a value that is known during plan.")})
}

// listed is an object that a list resource found.
type listed struct {
	displayName        string
	identity, resource any
}

// listResults returns the results of a request, as many as it wants. An object has its attributes only if the request wants them.
// The last result has a warning if there are more: Terraform reads no further, and its default limit is 100.
func listResults(ctx context.Context, req list.ListRequest, objects []listed) iter.Seq[list.ListResult] {
	return func(push func(list.ListResult) bool) {
		for i, object := range objects {
			result := req.NewListResult(ctx)
			result.DisplayName = object.displayName
			result.Diagnostics.Append(result.Identity.Set(ctx, object.identity)...)
			if req.IncludeResource {
				result.Diagnostics.Append(result.Resource.Set(ctx, object.resource)...)
			}
			count := int64(i + 1)
			if count == req.Limit && i+1 < len(objects) {
				result.Diagnostics.AddWarning("Limit reached",
					fmt.Sprintf("Only %d of %d results are listed. Increase limit in the list block.", count, len(objects)))
			}
			if !push(result) || count == req.Limit {
				return
			}
		}
	}
}
