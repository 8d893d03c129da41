package provider

import (
	"context"

	"github.com/hashicorp/terraform-plugin-framework/attr"
	"github.com/hashicorp/terraform-plugin-framework/function"
	"github.com/hashicorp/terraform-plugin-framework/types"

	"github.com/circleci-community/terraform-provider-circleci/internal/circleci"
)

func newParseResourceClassFunction() function.Function { return parseResourceClass{} }

// parseResourceClass implements parse_resource_class: it splits a resource class into its two parts.
type parseResourceClass struct{}

type resourceClassModel struct {
	Namespace string `tfsdk:"namespace"`
	Name      string `tfsdk:"name"`
}

func (parseResourceClass) Metadata(_ context.Context, _ function.MetadataRequest, resp *function.MetadataResponse) {
	resp.Name = "parse_resource_class"
}

func (parseResourceClass) Definition(
	_ context.Context, _ function.DefinitionRequest, resp *function.DefinitionResponse,
) {
	resp.Definition = function.Definition{
		Summary: "Splits a resource class into namespace and name",
		MarkdownDescription: "Splits a resource class, `namespace/name`, into an object with the strings `namespace` and " +
			"`name`. Neither is empty or null, and both keep their case. " +
			"`provider::circleci::parse_resource_class(\"acme/linux\")` returns `{ namespace = \"acme\", name = \"linux\" }`. " +
			"Any other string fails.",
		Parameters: []function.Parameter{
			function.StringParameter{
				Name: "resource_class",
				MarkdownDescription: "Resource class, `namespace/name`, with exactly one slash and without white space. Null is " +
					"an error.",
			},
		},
		Return: function.ObjectReturn{
			AttributeTypes: map[string]attr.Type{"namespace": types.StringType, "name": types.StringType},
		},
	}
}

func (parseResourceClass) Run(ctx context.Context, req function.RunRequest, resp *function.RunResponse) {
	var class string
	if resp.Error = req.Arguments.Get(ctx, &class); resp.Error != nil {
		return
	}
	namespace, name, err := circleci.ParseResourceClass(class)
	if err != nil {
		// The CLI adds a full stop, and shows the arguments that are not sensitive.
		problem := "it " + err.Error() + `. A resource class is namespace/name, such as "acme/linux"`
		resp.Error = function.NewArgumentFuncError(0, problem)
		return
	}
	resp.Error = resp.Result.Set(ctx, resourceClassModel{Namespace: namespace, Name: name})
}
