// Server-sent events: connections that are kept open and told of what is new,
// all by one thread. Thread-safe.
#ifndef CLOCKWISE_SERVICE_HTTP_EVENT_STREAMS_H_
#define CLOCKWISE_SERVICE_HTTP_EVENT_STREAMS_H_

#include <functional>
#include <memory>
#include <string>
#include <thread>
#include <vector>

#include "absl/base/thread_annotations.h"
#include "service/http/connection.h"
#include "service/mutex.h"

namespace clockwise {

class EventStreams {
 public:
  // `news` gives what happened since it was asked last, as events in the format
  // of text/event-stream, or nothing. It is asked a few times a second while
  // there are streams, by one thread.
  EventStreams(std::function<std::string()> news, size_t most);
  // Ends all.
  ~EventStreams();
  EventStreams(const EventStreams&) = delete;
  EventStreams& operator=(const EventStreams&) = delete;

  // Whether there is room for one more, which is kept for it until Adopt.
  bool Reserve();

  // Keeps a connection whose headers were sent; null: there is none after all.
  // It is told of what is new, and of nothing every few seconds, until it is
  // closed or does not take it at once.
  void Adopt(std::unique_ptr<Connection> connection);

 private:
  void Run();

  const std::function<std::string()> news_;
  const size_t most_;
  Mutex mu_;
  Condition changed_;
  std::vector<std::unique_ptr<Connection>> streams_ ABSL_GUARDED_BY(mu_);
  size_t reserved_ ABSL_GUARDED_BY(mu_) = 0;
  bool ended_ ABSL_GUARDED_BY(mu_) = false;
  std::thread thread_;
};

}  // namespace clockwise

#endif  // CLOCKWISE_SERVICE_HTTP_EVENT_STREAMS_H_
