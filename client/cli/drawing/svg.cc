#include "client/cli/drawing/svg.h"

#include <cmath>
#include <cstdint>
#include <cstdlib>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_replace.h"
#include "client/cli/text.h"

namespace clockwise::cli {

std::string XmlText(absl::string_view text) {
  return absl::StrReplaceAll(Printable(text), {{"&", "&amp;"},
                                               {"<", "&lt;"},
                                               {">", "&gt;"},
                                               {"\"", "&quot;"},
                                               // These are not characters of
                                               // XML.
                                               {"\uFFFE", "?"},
                                               {"\uFFFF", "?"}});
}

std::string Number(double number) {
  const int64_t hundredths = std::llround(number * 100);
  const int64_t rest = std::abs(hundredths % 100);
  std::string text =
      absl::StrCat(hundredths < 0 ? "-" : "", std::abs(hundredths / 100));
  if (rest == 0) return text;
  absl::StrAppend(&text, rest < 10 ? ".0" : ".",
                  rest % 10 == 0 ? rest / 10 : rest);
  return text;
}

Svg::Svg(double width, double height, absl::string_view title,
         absl::string_view description) {
  absl::StrAppend(
      &out_, "<svg xmlns=\"http://www.w3.org/2000/svg\" width=\"",
      Number(width), "\" height=\"", Number(height), "\" viewBox=\"0 0 ",
      Number(width), " ", Number(height),
      "\" role=\"img\" font-family=\"system-ui, -apple-system, 'Segoe UI', "
      "Roboto, 'Helvetica Neue', 'Noto Sans', Arial, sans-serif\">\n<title>",
      XmlText(title), "</title>\n<desc>", XmlText(description), "</desc>\n");
  Rect({0, 0, width, height}, kPaper);
}

void Svg::Text(Point at, absl::string_view text, const TextStyle& style) {
  absl::StrAppend(&out_, "<text x=\"", Number(at.x), "\" y=\"", Number(at.y),
                  "\" font-size=\"", Number(style.size), "\" fill=\"",
                  style.fill, "\" text-anchor=\"", style.anchor, "\"",
                  style.bold ? " font-weight=\"600\"" : "", ">", XmlText(text),
                  "</text>\n");
}

void Svg::Rect(const Box& box, absl::string_view fill, double rounding) {
  absl::StrAppend(&out_, "<rect x=\"", Number(box.x), "\" y=\"", Number(box.y),
                  "\" width=\"", Number(box.width), "\" height=\"",
                  Number(box.height), "\" fill=\"", fill, "\"");
  if (rounding > 0) absl::StrAppend(&out_, " rx=\"", Number(rounding), "\"");
  absl::StrAppend(&out_, "/>\n");
}

void Svg::Frame(const Box& box, absl::string_view stroke, double rounding) {
  absl::StrAppend(&out_, "<rect x=\"", Number(box.x), "\" y=\"", Number(box.y),
                  "\" width=\"", Number(box.width), "\" height=\"",
                  Number(box.height), "\" rx=\"", Number(rounding),
                  "\" fill=\"none\" stroke=\"", stroke, "\"/>\n");
}

void Svg::Circle(Point centre, double radius, absl::string_view stroke,
                 double width) {
  absl::StrAppend(&out_, "<circle cx=\"", Number(centre.x), "\" cy=\"",
                  Number(centre.y), "\" r=\"", Number(radius),
                  "\" fill=\"none\" stroke=\"", stroke, "\" stroke-width=\"",
                  Number(width), "\"/>\n");
}

void Svg::Line(Point from, Point to, absl::string_view stroke, double width,
               double dash) {
  absl::StrAppend(&out_, "<line x1=\"", Number(from.x), "\" y1=\"",
                  Number(from.y), "\" x2=\"", Number(to.x), "\" y2=\"",
                  Number(to.y), "\" stroke=\"", stroke, "\" stroke-width=\"",
                  Number(width), "\"");
  if (dash > 0) {
    absl::StrAppend(&out_, " stroke-dasharray=\"", Number(dash), "\"");
  }
  absl::StrAppend(&out_, "/>\n");
}

void Svg::Stroke(absl::string_view path, absl::string_view stroke,
                 double width) {
  absl::StrAppend(&out_, "<path d=\"", path, "\" fill=\"none\" stroke=\"",
                  stroke, "\" stroke-width=\"", Number(width), "\"/>\n");
}

std::string Svg::Finish() {
  absl::StrAppend(&out_, "</svg>\n");
  return std::move(out_);
}

}  // namespace clockwise::cli
