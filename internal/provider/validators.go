package provider

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/hashicorp/terraform-plugin-framework/diag"
	"github.com/hashicorp/terraform-plugin-framework/path"
	"github.com/hashicorp/terraform-plugin-framework/schema/validator"
	"github.com/hashicorp/terraform-plugin-framework/types"

	"github.com/circleci-community/terraform-provider-circleci/internal/circleci"
)

// textValidator judges a known text with one function, whose error completes a sentence that starts with the
// attribute's name.
type textValidator struct {
	check   func(string) error
	summary string
	// want says what a good value looks like, as a whole sentence.
	want string
}

func (v textValidator) Description(context.Context) string         { return v.want }
func (v textValidator) MarkdownDescription(context.Context) string { return v.want }

func (v textValidator) ValidateString(_ context.Context, req validator.StringRequest, resp *validator.StringResponse) {
	if req.ConfigValue.IsNull() || req.ConfigValue.IsUnknown() {
		return
	}
	if err := v.check(req.ConfigValue.ValueString()); err != nil {
		resp.Diagnostics.AddAttributeError(req.Path, v.summary, "The value of "+req.Path.String()+" "+err.Error()+". "+v.want)
	}
}

func isResourceClass() validator.String {
	return textValidator{
		check: func(text string) error {
			_, _, err := circleci.ParseResourceClass(text)
			return err
		},
		summary: "Invalid resource class",
		want:    `A resource class is namespace/name, such as "acme/linux".`,
	}
}

func isNamespace() validator.String {
	return textValidator{
		check:   circleci.CheckNamespace,
		summary: "Invalid namespace",
		want:    `A namespace is the part of a resource class before the slash, such as "acme".`,
	}
}

func isDuration() validator.String {
	return textValidator{
		check: func(text string) error {
			switch d, err := time.ParseDuration(text); {
			case err != nil:
				return errors.New("is not a duration")
			case d <= 0:
				return errors.New("is not longer than nothing")
			}
			return nil
		},
		summary: "Invalid duration",
		want:    `A duration is a number with its unit, h, m, s or ms, or several of them, such as "90s" or "1h30m".`,
	}
}

// checkInNamespace refuses a class outside a namespace. What is not known, or wrong by itself, is judged elsewhere.
func checkInNamespace(at path.Path, class, namespace types.String) (diags diag.Diagnostics) {
	_, _, err := circleci.ParseResourceClass(class.ValueString())
	if err != nil || circleci.CheckNamespace(namespace.ValueString()) != nil {
		return nil
	}
	if !circleci.InNamespace(class.ValueString(), namespace.ValueString()) {
		diags.AddAttributeError(at, "Resource class outside the namespace",
			fmt.Sprintf("The resource class %q does not lie in the namespace %q. Give a class that starts with %q, or another namespace.",
				class.ValueString(), namespace.ValueString(), namespace.ValueString()+"/"))
	}
	return diags
}
