// Reads the servers of one `upstream` of nginx, with `hash KEY [consistent]`.
#include <map>
#include <optional>

#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/strip.h"
#include "client/cli/import/host.h"
#include "client/cli/import/imported.h"
#include "client/cli/import/nginx_options.h"
#include "client/cli/import/nginx_tokens.h"
#include "service/api/refusal.h"
#include "service/limits.h"

namespace clockwise::cli {
namespace {

// `words ;` or `words { … }`.
struct Directive {
  std::vector<NginxToken> words;
  bool block = false;
};

// An `upstream` of the name that is asked for.
struct Candidate {
  SourceLine place;
  std::string context;  // http, stream, or empty in a file without them
};

struct UpstreamServer {
  std::string address;
  uint32_t weight = 1;
  SourceLine place;
};

class UpstreamReader {
 public:
  UpstreamReader(absl::string_view text, const std::string& source,
                 const std::string& upstream, const std::string& context)
      : text_(text),
        source_(source),
        upstream_(upstream),
        context_(context),
        files_(text) {}

  absl::StatusOr<Imported> Read() {
    if (absl::StartsWith(text_, "\xEF\xBB\xBF")) {
      return ImportFault({source_, 1},
                         "nginx rejects the byte order mark at the start of "
                         "the file; remove it");
    }
    std::vector<Candidate> candidates;
    if (auto status = Pass(candidates, std::nullopt); !status.ok()) {
      return status;
    }
    auto chosen = Choose(candidates);
    if (!chosen.ok()) return chosen.status();
    found_at_ = candidates[*chosen].place;
    candidates.clear();
    if (auto status = Pass(candidates, *chosen); !status.ok()) return status;
    return Finish();
  }

 private:
  // Goes through the file and lists the candidates. Reads the servers of the
  // candidate `chosen`.
  absl::Status Pass(std::vector<Candidate>& candidates,
                    std::optional<size_t> chosen) {
    tokens_.emplace(text_, source_);
    blocks_.clear();
    for (;;) {
      auto directive = NextDirective();
      if (!directive.ok()) return directive.status();
      if (!directive->has_value()) return absl::OkStatus();
      const std::vector<NginxToken>& words = (*directive)->words;
      if (words.empty()) continue;  // a block ended
      const SourceLine place{source_, words[0].line};
      if (words[0].text == "include" && words.size() == 2) {
        if (includes_.line == 0) includes_ = place;
        files_.Include(words[1].text, place.line,
                       blocks_.empty() ? "" : blocks_[0]);
      }
      if (!(*directive)->block || words.size() != 2 ||
          words[0].text != "upstream" || words[1].text != upstream_) {
        continue;
      }
      auto context = ContextOf(place);
      if (!context.ok()) return context.status();
      candidates.push_back({place, *std::move(context)});
      if (chosen != candidates.size() - 1) continue;
      if (auto status = ReadServers(); !status.ok()) return status;
    }
  }

  // Returns the block around the upstream whose block has just begun: http,
  // stream, or "" in a file that is included by others.
  absl::StatusOr<std::string> ContextOf(const SourceLine& place) const {
    const bool alone = blocks_.size() == 1;
    if (alone) return files_.ContextAt(place.line);
    if (blocks_.size() == 2 &&
        (blocks_[0] == "http" || blocks_[0] == "stream")) {
      return blocks_[0];
    }
    return ImportFault(place, absl::StrCat("nginx rejects an upstream inside ",
                                           Quoted(blocks_[blocks_.size() - 2]),
                                           "; move it to http or stream"));
  }

  absl::StatusOr<size_t> Choose(const std::vector<Candidate>& candidates) {
    std::optional<size_t> chosen;
    for (size_t i = 0; i < candidates.size(); ++i) {
      const Candidate& candidate = candidates[i];
      if (!context_.empty() && !candidate.context.empty() &&
          candidate.context != context_) {
        continue;
      }
      if (!chosen.has_value()) {
        chosen = i;
        continue;
      }
      const Candidate& first = candidates[*chosen];
      return ImportFault(
          candidate.place,
          first.context == candidate.context
              ? absl::StrCat("upstream ", Quoted(upstream_), " repeats line ",
                             first.place.line, "; remove one of them")
              : absl::StrCat("upstream ", Quoted(upstream_), " is in ",
                             Context(candidate), ", and on line ",
                             first.place.line, " in ", Context(first),
                             "; choose one with --nginx-context"));
    }
    if (chosen.has_value()) return *chosen;
    return ImportFault(
        includes_.line > 0 ? includes_ : SourceLine{source_, 0},
        absl::StrCat(
            "upstream ", Quoted(upstream_), " is not in the file",
            context_.empty() ? "" : absl::StrCat(" in ", context_),
            includes_.line > 0 && files_.empty()
                ? ", and included files are not read; import the output of "
                  "nginx -T"
                : ""));
  }

  static std::string Context(const Candidate& candidate) {
    return candidate.context.empty() ? "no block" : candidate.context;
  }

  // Returns the next directive. If it has no words, the open block has ended.
  absl::StatusOr<std::optional<Directive>> NextDirective() {
    Directive directive;
    for (;;) {
      auto token = tokens_->Next();
      if (!token.ok()) return token.status();
      if (!token->has_value()) {
        if (directive.words.empty() && blocks_.empty()) return std::nullopt;
        return ImportFault(
            tokens_->place(),
            "the file ends inside a block or directive; it may be "
            "truncated");
      }
      if ((*token)->Is("}")) {
        if (!directive.words.empty() || blocks_.empty()) {
          return ImportFault(
              tokens_->place(),
              directive.words.empty()
                  ? "a \"}\" has no matching \"{\""
                  : absl::StrCat("directive ", Quoted(directive.words[0].text),
                                 " does not end with \";\""));
        }
        blocks_.pop_back();
        return directive;
      }
      if ((*token)->Is(";") || (*token)->Is("{")) {
        if (directive.words.empty()) {
          return ImportFault(
              tokens_->place(),
              absl::StrCat("a \"", (*token)->text, "\" without a directive"));
        }
        directive.block = (*token)->Is("{");
        return Open(std::move(directive));
      }
      directive.words.push_back(**std::move(token));
    }
  }

  absl::StatusOr<std::optional<Directive>> Open(Directive directive) {
    if (!directive.block) return directive;
    const std::string& name = directive.words[0].text;
    if (absl::EndsWith(name, "_by_lua_block")) {
      if (auto status = tokens_->SkipLua(); !status.ok()) return status;
    } else {
      if (blocks_.size() == limits::kMaxImportDepth) {
        return ImportFault(tokens_->place(),
                           absl::StrCat("more than ", limits::kMaxImportDepth,
                                        " nested blocks"));
      }
      blocks_.push_back(name);
    }
    return directive;
  }

  absl::Status ReadServers() {
    const size_t outside = blocks_.size() - 1;
    for (;;) {
      auto directive = NextDirective();
      if (!directive.ok()) return directive.status();
      if (blocks_.size() == outside) return absl::OkStatus();
      const std::vector<NginxToken>& words = (*directive)->words;
      const SourceLine place{source_, words.empty() ? 0 : words[0].line};
      const std::string& name = words.at(0).text;
      const bool block = (*directive)->block;
      absl::Status status;
      if (!block && name == "server") {
        status = ReadServer(words, place);
      } else if (!block && name == "hash") {
        status = ReadHash(words, place);
      } else {
        std::vector<std::string> texts;
        texts.reserve(words.size());
        for (const NginxToken& word : words) texts.push_back(word.text);
        status = CheckNginxOption(place, texts, block);
        // nginx permits one `keepalive`, and any number of the others.
        if (status.ok() && name == "keepalive" && ++keepalives_ > 1) {
          status = ImportFault(place, "\"keepalive\" occurs twice");
        }
      }
      if (!status.ok()) return status;
    }
  }

  absl::Status ReadHash(const std::vector<NginxToken>& words,
                        const SourceLine& place) {
    const bool consistent = words.size() == 3 && words[2].text == "consistent";
    if (words.size() < 2 || (words.size() == 3 && !consistent) ||
        words.size() > 3 || hashes_) {
      return ImportFault(place, "write `hash KEY [consistent]`, and only once");
    }
    if (auto status = CheckNginxVariables(place, words[1].text); !status.ok()) {
      return status;
    }
    hashes_ = true;
    imported_.key = words[1].text;
    imported_.spec.set_layout(consistent ? v1::LAYOUT_NGINX
                                         : v1::LAYOUT_NGINX_MODULO);
    return absl::OkStatus();
  }

  absl::Status ReadServer(const std::vector<NginxToken>& words,
                          const SourceLine& place) {
    if (words.size() < 2) {
      return ImportFault(place,
                         "\"server\" has no address; write server ADDRESS");
    }
    const std::string& address = words[1].text;
    if (auto status = CheckAddress(place, address); !status.ok()) return status;
    uint32_t weight = 1;
    bool down = false;
    for (size_t i = 2; i < words.size(); ++i) {
      absl::string_view word = words[i].text;
      if (absl::ConsumePrefix(&word, "weight=")) {
        auto number =
            ImportNumber(place, "weight", word, 1, limits::kMaxWeight);
        if (!number.ok()) return number.status();
        weight = *number;
      } else if (word == "backup") {
        if (hashes_) {
          return ImportFault(place,
                             "nginx rejects \"backup\" after `hash`; move the "
                             "server above it");
        }
        imported_.notes.push_back(absl::StrCat(
            address, " is a backup and is not part of nginx's ring"));
        return absl::OkStatus();
      } else if (word == "down") {
        down = true;
      } else if (auto status = CheckNginxParameter(place, word); !status.ok()) {
        return status;
      }
    }
    if (down) {
      imported_.notes.push_back(
          absl::StrCat(address,
                       " is down; it stays on the ring, and nginx sends its "
                       "keys to other servers"));
    }
    absl::Status status = CheckServerCount(place, servers_.size());
    if (!status.ok()) return status;
    servers_.push_back({address, weight, place});
    return absl::OkStatus();
  }

  static absl::Status CheckAddress(const SourceLine& place,
                                   const std::string& address) {
    if (address.size() > 5 && absl::StartsWithIgnoreCase(address, "unix:")) {
      return CheckPath(place, address);
    }
    return CheckHostAndPort(place, address);
  }

  // A consistent hash uses the text of a server, which must be unique. A plain
  // hash uses only the order, and nginx users repeat a server to change that.
  absl::Status AddServers() {
    std::map<std::string, int> lines;
    for (const UpstreamServer& server : servers_) {
      const auto [at, fresh] =
          lines.try_emplace(server.address, server.place.line);
      const bool consistent = imported_.spec.layout() == v1::LAYOUT_NGINX;
      if (!fresh && consistent) {
        return ImportFault(
            server.place,
            absl::StrCat("server ", Quoted(server.address), " repeats line ",
                         at->second, "; remove one of them"));
      }
      v1::Node& node = AddImportedNode(imported_, server.place, server.address,
                                       server.address, server.weight);
      if (!consistent) node.clear_hash_key();
    }
    return absl::OkStatus();
  }

  absl::StatusOr<Imported> Finish() {
    if (!hashes_) {
      return ImportFault(found_at_, absl::StrCat("upstream ", Quoted(upstream_),
                                                 " has no hash directive"));
    }
    if (auto status = AddServers(); !status.ok()) return status;
    if (imported_.nodes.empty()) {
      return ImportFault(found_at_, absl::StrCat("upstream ", Quoted(upstream_),
                                                 " has no servers"));
    }
    return std::move(imported_);
  }

  const absl::string_view text_;
  const std::string& source_;
  const std::string& upstream_;
  const std::string& context_;
  std::optional<NginxTokens> tokens_;
  std::vector<std::string> blocks_;  // the open blocks, outermost first
  SourceLine found_at_;
  SourceLine includes_;  // the first `include`
  NginxFiles files_;
  bool hashes_ = false;  // a `hash` was read
  int keepalives_ = 0;
  std::vector<UpstreamServer> servers_;
  Imported imported_;
};

}  // namespace

absl::StatusOr<Imported> ReadNginx(absl::string_view text,
                                   const std::string& source,
                                   const std::string& upstream,
                                   const std::string& context) {
  return UpstreamReader(text, source, upstream, context).Read();
}

}  // namespace clockwise::cli
