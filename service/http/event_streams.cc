#include "service/http/event_streams.h"

#include <chrono>
#include <utility>

namespace clockwise {
namespace {

using Clock = std::chrono::steady_clock;

constexpr std::chrono::milliseconds kBetweenLooks(200);
constexpr std::chrono::seconds kBetweenBeats(5);
// What is on the page beside rings may have changed too. So it is an event, and
// no comment, which pages are not told of.
constexpr char kBeat[] = "event: beat\ndata: {}\n\n";

}  // namespace

EventStreams::EventStreams(std::function<std::string()> news, size_t most)
    : news_(std::move(news)), most_(most), thread_([this] { Run(); }) {}

EventStreams::~EventStreams() {
  {
    MutexLock lock(mu_);
    ended_ = true;
  }
  changed_.NotifyAll();
  thread_.join();
}

bool EventStreams::Reserve() {
  MutexLock lock(mu_);
  if (streams_.size() + reserved_ >= most_) return false;
  ++reserved_;
  return true;
}

void EventStreams::Adopt(std::unique_ptr<Connection> connection) {
  {
    MutexLock lock(mu_);
    --reserved_;
    if (ended_ || connection == nullptr) return;
    streams_.push_back(std::move(connection));
  }
  changed_.NotifyAll();
}

void EventStreams::Run() {
  Clock::time_point last_beat;
  MutexLock lock(mu_);
  while (!ended_) {
    if (streams_.empty()) {
      changed_.Wait(mu_);
      continue;
    }
    std::string text = news_();
    const auto now = Clock::now();
    if (now - last_beat >= kBetweenBeats) {
      text += kBeat;
      last_beat = now;
    }
    if (!text.empty()) {
      std::erase_if(streams_, [&](const std::unique_ptr<Connection>& stream) {
        return !stream->WriteAtOnce(text);
      });
    }
    changed_.WaitUntil(mu_, now + kBetweenLooks);
  }
}

}  // namespace clockwise
