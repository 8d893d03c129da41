package provider

import (
	"context"
	"errors"
	"time"

	"github.com/hashicorp/terraform-plugin-framework/schema/validator"

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
