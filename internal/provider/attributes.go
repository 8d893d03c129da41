package provider

import (
	"github.com/hashicorp/terraform-plugin-framework/datasource/schema"
	"github.com/hashicorp/terraform-plugin-framework/schema/validator"
)

// The attributes of this file are those of a data source, and serve the provider and actions as well: the framework has
// one interface for all of them.

var (
	resourceClassAttribute = requiredString("Resource class, `namespace/name`.", resourceClassValidator())
	namespaceAttribute     = requiredString("Namespace, the part of a resource class before the slash.",
		namespaceValidator())
)

// runningCountDescription ends the description of each running_task_count.
const runningCountDescription = "Null with API v2, which does not report it."

func requiredString(description string, validators ...validator.String) schema.StringAttribute {
	return schema.StringAttribute{Required: true, Validators: validators, MarkdownDescription: description}
}

func optionalString(description string, validators ...validator.String) schema.StringAttribute {
	return schema.StringAttribute{Optional: true, Validators: validators, MarkdownDescription: description}
}

func optionalSecret(description string) schema.StringAttribute {
	return schema.StringAttribute{Optional: true, Sensitive: true, MarkdownDescription: description}
}

func optionalInteger(description string, lowest, highest int64) schema.NumberAttribute {
	return schema.NumberAttribute{
		Optional: true, Validators: []validator.Number{integerBetween(lowest, highest)}, MarkdownDescription: description,
	}
}

func computedString(description string) schema.StringAttribute {
	return schema.StringAttribute{Computed: true, MarkdownDescription: description}
}

func computedList(description string, attributes map[string]schema.Attribute) schema.ListNestedAttribute {
	return schema.ListNestedAttribute{
		Computed: true, MarkdownDescription: description, NestedObject: schema.NestedAttributeObject{Attributes: attributes},
	}
}

func computedCount(description string) schema.Int64Attribute {
	return schema.Int64Attribute{Computed: true, MarkdownDescription: description}
}
