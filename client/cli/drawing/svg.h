// Svg builds a self-contained SVG picture. It is white and has its own colours
// and fonts, so that it looks the same in a browser, on a slide and in print.
// Thread-compatible.
#ifndef CLOCKWISE_CLIENT_CLI_DRAWING_SVG_H_
#define CLOCKWISE_CLIENT_CLI_DRAWING_SVG_H_

#include <string>

#include "absl/strings/string_view.h"

namespace clockwise::cli {

// Colours for everything except data.
inline constexpr char kInk[] = "#1f2933";
inline constexpr char kFaintInk[] = "#5f6b7a";
inline constexpr char kPaper[] = "#ffffff";
inline constexpr char kRule[] = "#d9dee5";
inline constexpr char kTrack[] = "#e9ecf1";

struct Point {
  double x = 0;
  double y = 0;
};

struct Box {
  double x = 0;
  double y = 0;
  double width = 0;
  double height = 0;
};

struct TextStyle {
  double size = 14;
  const char* fill = kInk;
  const char* anchor = "start";  // or middle, end
  bool bold = false;
};

class Svg {
 public:
  // `title` and `description` are for screen readers.
  Svg(double width, double height, absl::string_view title,
      absl::string_view description);

  // Draws text. Any text is valid: it is made Printable and escaped.
  void Text(Point at, absl::string_view text, const TextStyle& style);
  void Rect(const Box& box, absl::string_view fill, double rounding = 0);
  void Frame(const Box& box, absl::string_view stroke, double rounding);
  void Circle(Point centre, double radius, absl::string_view stroke,
              double width);
  // Draws a line, dashed if `dash` is not 0.
  void Line(Point from, Point to, absl::string_view stroke, double width,
            double dash = 0);
  // Draws `path`, which has the syntax of the attribute d of an SVG path.
  void Stroke(absl::string_view path, absl::string_view stroke, double width);

  // Returns the whole document. No other method may be called afterwards.
  std::string Finish();

 private:
  std::string out_;
};

// Returns `text` for an element or an attribute. XML cannot represent most
// control characters, so the text is made Printable first.
std::string XmlText(absl::string_view text);

// Returns a coordinate to a hundredth, without trailing zeros.
std::string Number(double number);

}  // namespace clockwise::cli

#endif  // CLOCKWISE_CLIENT_CLI_DRAWING_SVG_H_
