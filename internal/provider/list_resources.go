package provider

import (
	"cmp"
	"context"
	"fmt"
	"iter"

	"github.com/hashicorp/terraform-plugin-framework/diag"
	"github.com/hashicorp/terraform-plugin-framework/list"
	"github.com/hashicorp/terraform-plugin-framework/list/schema"
	"github.com/hashicorp/terraform-plugin-framework/path"
	"github.com/hashicorp/terraform-plugin-framework/types"
)

// listResource implements the list block of a resource. An attribute selects what is listed.
type listResource struct {
	apiResource
	description, attribute string
	attributeSchema        schema.Attribute
	// list returns what a value of the attribute selects, or errors.
	list func(ctx context.Context, api *providerData, value string) ([]listedObject, diag.Diagnostics)
}

// listedObject is a class or token that was listed.
type listedObject struct {
	displayName        string
	identity, resource any
}

func newRunnerResourceClassList() list.ListResource {
	return &listResource{
		apiResource:     apiResource{name: "runner_resource_class"},
		description:     "Lists the resource classes of a namespace, to import them.",
		attribute:       "namespace",
		attributeSchema: namespaceAttribute,
		list:            listResourceClasses,
	}
}

func newRunnerTokenList() list.ListResource {
	return &listResource{
		apiResource:     apiResource{name: "runner_token"},
		description:     "Lists the runner tokens of a resource class, to import them, without their secrets.",
		attribute:       "resource_class",
		attributeSchema: resourceClassAttribute,
		list:            listTokens,
	}
}

func listResourceClasses(
	ctx context.Context, api *providerData, namespace string,
) (objects []listedObject, diags diag.Diagnostics) {
	classes, err := api.client.ListResourceClasses(ctx, namespace)
	if err != nil {
		api.addClassesError(ctx, &diags, namespace, err)
	}
	for _, class := range classes {
		name := types.StringValue(class.ResourceClass)
		objects = append(objects, listedObject{
			displayName: api.client.Sanitize(class.ResourceClass),
			identity:    resourceClassIdentity{name},
			resource: resourceClassResourceModel{
				ID: types.StringValue(class.ID), ResourceClass: name, Description: types.StringValue(class.Description),
			},
		})
	}
	return objects, diags
}

func listTokens(ctx context.Context, api *providerData, class string) (objects []listedObject, diags diag.Diagnostics) {
	tokens, err := api.client.ListTokens(ctx, class)
	if err != nil {
		api.addTokensError(ctx, &diags, class, err)
	}
	for _, token := range tokens {
		id, name := types.StringValue(token.ID), types.StringValue(token.ResourceClass)
		objects = append(objects, listedObject{
			displayName: api.client.Sanitize(token.ResourceClass + ": " + cmp.Or(token.Nickname, token.ID)),
			identity:    tokenIdentity{name, id},
			resource: tokenResourceModel{
				ID: id, ResourceClass: name, Nickname: types.StringValue(token.Nickname),
				CreatedAt: types.StringValue(token.CreatedAt),
			},
		})
	}
	return objects, diags
}

func (l *listResource) ListResourceConfigSchema(
	_ context.Context, _ list.ListResourceSchemaRequest, resp *list.ListResourceSchemaResponse,
) {
	resp.Schema = schema.Schema{
		MarkdownDescription: l.description,
		Attributes:          map[string]schema.Attribute{l.attribute: l.attributeSchema},
	}
}

func (l *listResource) List(ctx context.Context, req list.ListRequest, stream *list.ListResultsStream) {
	var value types.String
	var objects []listedObject
	diags := req.Config.GetAttribute(ctx, path.Root(l.attribute), &value)
	switch {
	case diags.HasError():
	case l.api.client == nil: // The framework defers everything else then.
		diags.AddError("Unknown value in provider configuration", "The provider lists nothing while an attribute of its "+
			"configuration is unknown. Give it a value that is known during plan.")
	default:
		objects, diags = l.list(ctx, &l.api, value.ValueString())
	}
	if diags.HasError() {
		stream.Results = list.ListResultsStreamDiagnostics(diags)
		return
	}
	stream.Results = listResults(ctx, req, objects)
}

// listResults returns the results of a request, as many as it wants. An object has its attributes only if the request
// wants them. The last result has a warning if there are more: Terraform reads no further, and its default limit is
// 100.
func listResults(ctx context.Context, req list.ListRequest, objects []listedObject) iter.Seq[list.ListResult] {
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
