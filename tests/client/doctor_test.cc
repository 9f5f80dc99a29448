#include "client/cli/commands/doctor.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cstdlib>

#include "service/ring/balance.h"

namespace clockwise::cli {
namespace {

using ::testing::AllOf;
using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;

const absl::Time kNow = absl::FromUnixSeconds(1'700'000'000);

// Returns a healthy server with one ring.
Examined Well(const std::string& server) {
  Examined examined;
  examined.server = server;
  examined.asked_at = kNow;
  examined.answered_at = kNow + absl::Milliseconds(10);
  v1::GetStatusResponse& status = examined.status;
  status.mutable_server_time()->set_seconds(absl::ToUnixSeconds(kNow));
  status.mutable_server_time()->set_nanos(5'000'000);
  status.set_store("etcd:a");
  status.set_instance(7);
  status.add_store_servers()->set_instance(7);
  status.set_store_server_count(1);
  status.set_store_up(true);
  status.set_ready(true);
  v1::RingStatus& ring = *status.add_rings();
  ring.mutable_info()->mutable_spec()->set_name("r");
  ring.mutable_info()->set_epoch(7);
  ring.mutable_info()->set_incarnation(1);
  ring.mutable_info()->set_fingerprint(2);
  ring.mutable_balance()->set_peak_to_mean(1.1);
  return examined;
}

v1::RingInfo& RingOf(Examined& examined) {
  return *examined.status.mutable_rings(0)->mutable_info();
}

TEST(DoctorTest, ServersThatAreWellAndAgreeHaveNoProblem) {
  EXPECT_THAT(Problems({Well("a"), Well("b"), Well("c")}), IsEmpty());
  EXPECT_FALSE(MayPass({Well("a"), Well("b")}));
}

TEST(DoctorTest, OneThatIsNotReachedIsNamedWithTheReason) {
  Examined gone;
  gone.server = "b";
  gone.failure = absl::UnavailableError("nobody listens");
  EXPECT_THAT(Problems({Well("a"), gone}), ElementsAre("b: nobody listens"));
}

TEST(DoctorTest, EachThingThatIsWrongWithOneServerIsNamed) {
  setenv("TZ", "Asia/Tokyo", 1);  // times are in UTC all the same
  const std::pair<void (*)(v1::GetStatusResponse&), const char*> faults[] = {
      {[](auto& status) { status.set_draining(true); }, "is draining"},
      {[](auto& status) { status.set_store_up(false); }, "etcd:a"},
      {[](auto& status) {
         status.set_store_up(false);
         status.set_store("etcd:");  // for a caller that is no operator
       },
       "or is not trusted"},
      {[](auto& status) {
         status.set_store_up(false);
         status.set_store_distrust("etcd was emptied");
       },
       "does not trust its store: etcd was emptied"},
      {[](auto& status) {
         status.mutable_store_refusal_time()->set_seconds(1'700'000'000);
         status.set_store_refusal("etcd: permission denied");
       },
       "its store refuses changes since 2023-11-14 22:13:20 UTC: etcd: "
       "permission denied"},
      {[](auto& status) {  // for a caller that is no operator
         status.mutable_store_refusal_time()->set_seconds(1'700'000'000);
       },
       "22:13:20 UTC: an OPERATOR sees the reason"},
      {[](auto& status) {  // it answers: the log-in failed
         status.set_store_up(false);
         status.mutable_store_refusal_time()->set_seconds(1'700'000'000);
         status.set_store_refusal("etcd: user name is empty");
       },
       "its store cannot be read, and refuses changes since 2023-11-14 "
       "22:13:20 UTC: etcd: user name is empty"},
      {[](auto& status) { status.set_unconfirmed_ms(11'000); }, "11 s ago"},
      {[](auto& status) {
         status.mutable_certificate_expire_time()->set_seconds(
             absl::ToUnixSeconds(kNow) + 6 * 86'400);
       },
       "143 h"},
      {[](auto& status) {
         status.mutable_rings(0)->mutable_balance()->set_peak_to_mean(1.3);
       },
       "1.3 times its fair share; its layout is expected to reach at most "
       "1.25"},
  };
  for (const auto& [make, text] : faults) {
    Examined examined = Well("a");
    make(examined.status);
    EXPECT_THAT(Problems({examined, Well("b")}), ElementsAre(HasSubstr(text)));
  }
}

TEST(DoctorTest, ARingIsJudgedByWhatItsLayoutCanReach) {
  v1::Snapshot ring;
  ring.mutable_spec()->set_layout(v1::LAYOUT_NGINX);
  for (uint32_t node = 0; node < 3; ++node) {
    ring.add_nodes();
    for (int i = 0; i < 160; ++i) ring.add_point_nodes(node);
  }
  EXPECT_NEAR(ExpectedPeak(ring), 1.40, 0.01);
  Examined examined = Well("a");
  v1::Balance& balance = *examined.status.mutable_rings(0)->mutable_balance();
  balance.set_peak_to_mean(1.3);
  examined.expected_peaks["r"] = ExpectedPeak(ring);
  EXPECT_THAT(Problems({examined}), IsEmpty());
  balance.set_peak_to_mean(1.5);
  EXPECT_THAT(Problems({examined}), ElementsAre(HasSubstr("at most 1.4")));
  // One point per node, as a Cassandra ring of single random tokens.
  ring.clear_point_nodes();
  for (uint32_t node = 0; node < 3; ++node) ring.add_point_nodes(node);
  EXPECT_GT(ExpectedPeak(ring), 3);
  // Many points are even, and so are layouts without points.
  for (uint32_t node = 0; node < 3; ++node) {
    for (int i = 0; i < 10'000; ++i) ring.add_point_nodes(node);
  }
  EXPECT_EQ(ExpectedPeak(ring), kEvenPeak);
  ring.mutable_spec()->set_layout(v1::LAYOUT_PARTITIONED);
  EXPECT_EQ(ExpectedPeak(ring), kEvenPeak);
  // Zones, and weights that MODULO ignores, make such rings uneven.
  ring.mutable_balance()->set_peak_to_mean(5);
  EXPECT_EQ(ExpectedPeak(ring), 5);
  ring.mutable_spec()->set_layout(v1::LAYOUT_MODULO);
  EXPECT_EQ(ExpectedPeak(ring), 5);
}

TEST(DoctorTest, AServerThatIsNotReachedIsNamedOnce) {
  Examined gone;
  gone.server = "b:1";
  gone.failure = absl::UnavailableError("no server reached at b:1: refused");
  EXPECT_THAT(Problems({gone}), ElementsAre("b:1: no server reached: refused"));
}

TEST(DoctorTest, TheLastLineSaysWhichServersWereNotExamined) {
  EXPECT_EQ(WellLine({Well("a")}, false), "✓ no problems on 1 server");
  EXPECT_EQ(WellLine({Well("a"), Well("b")}, false),
            "✓ no problems on 2 servers");
  Examined one_of_many = Well("a");
  one_of_many.status.set_store_server_count(102);
  EXPECT_THAT(WellLine({one_of_many, Well("b")}, false),
              HasSubstr("on 2 servers of 102 in the store's list"));
  Examined hidden = Well("a");
  hidden.status.set_store("etcd:");
  hidden.status.clear_store_servers();
  EXPECT_THAT(WellLine({hidden}, false), HasSubstr("only an OPERATOR sees"));
  EXPECT_THAT(Problems({hidden}), IsEmpty());
  EXPECT_EQ(WellLine({hidden}, true), "✓ no problems on 1 server");
}

TEST(DoctorTest, AnAddressOfTheListThatIsWrongIsNamedWithItsOrigin) {
  Examined gone;
  gone.server = "b:1";
  gone.listed = true;
  gone.failure = absl::UnavailableError("no server reached at b:1: refused");
  EXPECT_THAT(Problems({Well("a"), gone}),
              ElementsAre(AllOf(HasSubstr("b:1: no server reached: refused"),
                                HasSubstr("from the store's list"),
                                HasSubstr("--advertise"))));
  EXPECT_FALSE(MayPass({gone}));
  gone.failure = AnotherServerAnswers();
  EXPECT_THAT(Problems({Well("a"), gone}),
              ElementsAre(AllOf(HasSubstr("b:1: another server answers"),
                                HasSubstr("have the same --advertise"))));
  EXPECT_TRUE(MayPass({gone}));
}

TEST(DoctorTest, AServerThatIsNotInTheListIsAProblem) {
  Examined missing = Well("a");
  missing.status.mutable_store_servers(0)->set_instance(8);
  EXPECT_TRUE(MayPass({missing}));
  EXPECT_THAT(Problems({missing}),
              ElementsAre(HasSubstr("a: is not in the store's list")));
  missing.status.set_listing_failure("etcd: permission denied");
  EXPECT_FALSE(MayPass({missing}));
  EXPECT_THAT(Problems({missing}),
              ElementsAre(HasSubstr("servers: etcd: permission denied")));
  // It may be one of those that do not fit in the list.
  missing.status.set_store_server_count(2);
  EXPECT_THAT(Problems({missing}), IsEmpty());
  // Version 0.1.0 has no list.
  Examined old = Well("a");
  old.status.clear_instance();
  old.status.clear_store_servers();
  EXPECT_THAT(Problems({old}), IsEmpty());
}

TEST(DoctorTest, AClockIsWrongByWhatTheTimeOnTheWayCannotExplain) {
  Examined examined = Well("a");
  EXPECT_EQ(ClockError(examined), absl::ZeroDuration());
  examined.status.mutable_server_time()->set_seconds(absl::ToUnixSeconds(kNow) +
                                                     3);
  EXPECT_EQ(ClockError(examined), absl::Seconds(3) - absl::Milliseconds(5));
  EXPECT_THAT(Problems({examined}), ElementsAre(HasSubstr("ahead")));
  examined.status.mutable_server_time()->set_seconds(absl::ToUnixSeconds(kNow) -
                                                     3);
  EXPECT_THAT(Problems({examined}), ElementsAre(HasSubstr("behind")));
}

TEST(DoctorTest, DisagreementIsToldWithItsParties) {
  Examined other = Well("b");
  RingOf(other).set_epoch(8);
  EXPECT_THAT(
      Problems({Well("a"), other, Well("c")}),
      ElementsAre("ring r: the servers are at different epochs: a, c have 7; b "
                  "has 8"));
  EXPECT_TRUE(MayPass({Well("a"), other}));

  other = Well("b");
  RingOf(other).set_fingerprint(3);
  EXPECT_THAT(Problems({Well("a"), other}),
              ElementsAre("ring r: different fingerprints at epoch 7 on a, b"));

  other = Well("b");
  RingOf(other).set_incarnation(3);
  EXPECT_THAT(Problems({Well("a"), other}),
              ElementsAre(HasSubstr("different incarnations")));

  other = Well("b");
  other.status.clear_rings();
  EXPECT_THAT(Problems({Well("a"), other}),
              ElementsAre("ring r: exists only on a"));
}

}  // namespace
}  // namespace clockwise::cli
