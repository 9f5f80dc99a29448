# Writes OUT, a C++ file in which Assets() returns the bytes of FILES (a list).
set(arrays "")
set(entries "")
set(number 0)
foreach(file IN LISTS FILES)
  file(
    READ
    ${file}
    hex
    HEX)
  string(
    REGEX
    REPLACE "(..)"
            "0x\\1,"
            bytes
            "${hex}")
  get_filename_component(name ${file} NAME)
  string(APPEND arrays
         "constexpr unsigned char kFile${number}[] = {${bytes}};\n")
  string(
    APPEND
    entries
    "    {\"${name}\", {reinterpret_cast<const char*>(kFile${number}), "
    "sizeof(kFile${number})}},\n")
  math(EXPR number "${number} + 1")
endforeach()
file(
  WRITE ${OUT}
  "#include \"service/http/assets.h\"
namespace clockwise {
namespace {
${arrays}}  // namespace
std::span<const Asset> Assets() {
  static const Asset kAssets[] = {
${entries}  };
  return kAssets;
}
}  // namespace clockwise
")
