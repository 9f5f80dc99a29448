// The bounds of all external input, in one place. The headings name the error
// of a value above its bound.
#ifndef CLOCKWISE_SERVICE_LIMITS_H_
#define CLOCKWISE_SERVICE_LIMITS_H_

#include <cstddef>
#include <cstdint>

namespace clockwise::limits {

// --- Fields of requests: INVALID_ARGUMENT above the bound. ---
inline constexpr size_t kMaxIdBytes = 253;       // node ids, ring names
inline constexpr size_t kMaxHashKeyBytes = 253;  // Node.hash_key
inline constexpr size_t kMaxZoneBytes = 253;     // Node.zone
inline constexpr size_t kMaxAddressBytes = 512;  // Node.address
inline constexpr size_t kMaxLabels = 64;         // Node.labels
inline constexpr size_t kMaxLabelBytes = 4096;   // keys and values in all
inline constexpr uint32_t kMaxWeight = 65'535;   // Node.weight
inline constexpr size_t kMaxKeyBytes = 65'536;   // a key
inline constexpr size_t kMaxBatchKeys = 10'000;  // keys of a BatchLocate
inline constexpr uint32_t kMaxReplicas = 64;     // requested owners
inline constexpr size_t kMaxChangesPerRequest = 10'000;  // ApplyChanges
inline constexpr size_t kMaxRequestIdBytes = 64;
inline constexpr size_t kMaxStatedActorBytes = 128;
inline constexpr size_t kMaxReasonBytes = 1024;
inline constexpr uint32_t kMaxPageSize = 1000;  // items of a list
inline constexpr uint32_t kDefaultPageSize = 100;
inline constexpr uint32_t kMaxVirtualNodes = 65'536;
inline constexpr uint32_t kDefaultVirtualNodes = 160;
inline constexpr size_t kMaxNodePoints = 16'384;      // Node.points
inline constexpr uint32_t kMaxRingSize = 8'388'608;   // Envoy's and gRPC's
inline constexpr uint32_t kMaxTableSize = 5'000'011;  // Maglev's
inline constexpr size_t kMaxSettingsZones = 1000;     // of LayoutSettings
inline constexpr uint32_t kMinPartitionBits = 4;
inline constexpr uint32_t kMaxPartitionBits = 20;
inline constexpr uint32_t kDefaultPartitionBits = 16;
inline constexpr uint32_t kMaxPartitionReplicas = 8;
inline constexpr uint32_t kDefaultPartitionReplicas = 3;

// --- Sizes of stored data: RESOURCE_EXHAUSTED above the bound. ---
inline constexpr size_t kMaxNodes = 100'000;                 // per ring
inline constexpr uint64_t kMaxPoints = 16ull * 1024 * 1024;  // per ring
inline constexpr uint64_t kMaxAllPoints = 20'000'000;        // of all rings
inline constexpr uint64_t kMostPoints = 1ull << 40;          // of the flag
// Precomputed owners of a ring's slots. A ring that needs more computes the
// owners in each look-up.
inline constexpr size_t kMaxPrecomputedOwners = 16ull * 1024 * 1024;
// Steps to fill a ring's table, if they are more than its slots.
inline constexpr uint64_t kMaxTableWork = 1ull << 30;
inline constexpr size_t kMaxRings = 1000;
inline constexpr size_t kMaxWatchStreams = 20'000;   // per server
inline constexpr size_t kMaxLocateStreams = 20'000;  // per server
// Streams of one client network (NetworkOf).
inline constexpr size_t kMaxWatchStreamsPerPeer = 10'000;
inline constexpr size_t kMaxLocateStreamsPerPeer = 10'000;

// --- History. ---
inline constexpr size_t kHistoryChanges = 1000;  // default number kept per ring
inline constexpr size_t kMaxHistoryChanges = 1'000'000;  // maximum of the flag
// Maximum size of the stored records of a ring. Older records are dropped even
// if there are fewer than kHistoryChanges. The newest is kept.
inline constexpr size_t kHistoryBytes = 64ull * 1024 * 1024;
inline constexpr size_t kMaxHistoryBytes = 16ull * 1024 * 1024 * 1024;

// --- Deleted rings that a store keeps. Above the bounds, the oldest are
// removed. A ring that alone has more bytes is not kept. ---
inline constexpr double kKeepDeletedHours = 168;         // default of the flag
inline constexpr double kMostKeepDeletedHours = 87'600;  // maximum of the flag
inline constexpr size_t kMaxDeletedRings = 1000;
inline constexpr uint64_t kMaxDeletedRingBytes = 256ull * 1024 * 1024;

// --- Replies. ---
inline constexpr size_t kMaxMoves = 10'000;      // beyond: moves_truncated
inline constexpr size_t kMaxTransfers = 10'000;  // beyond: transfers_truncated
inline constexpr size_t kMaxCappedIds = 1000;    // the first by id

// --- The server: UNAVAILABLE above the bound. ---
inline constexpr size_t kMaxQueuedCalls = 1000;     // of each kind of call
inline constexpr size_t kMaxEpochWaiters = 10'000;  // calls that wait
inline constexpr int kMaxEpochWaitSeconds = 10;     // without a deadline
// Reads of the list of rings in a shared store, because calls named rings that
// the server does not know. All calls that wait share a read.
inline constexpr int kRingListReadsPerSecond = 20;
inline constexpr int kMaxCommitAttempts = 32;  // lost races of one change
// Memory of requests that wait and of answers that clients have not read, in
// bytes; UNAVAILABLE beyond. Messages of up to kSmallBytes are not counted.
inline constexpr size_t kMaxPendingBytes = 64ull << 20;
inline constexpr size_t kSmallBytes = 4ull << 10;
// Memory that gRPC uses for connections (8 kB each with one stream) and for
// requests that arrive, in bytes. Beyond, it closes idle connections, and then
// ends calls with RESOURCE_EXHAUSTED.
inline constexpr size_t kMaxConnectionBytes = 96ull << 20;
inline constexpr size_t kLeastMemoryBytes = 1ull << 20;  // of the flags
inline constexpr size_t kMostMemoryBytes = 1ull << 40;
inline constexpr size_t kChangeThreads = 8;  // rings changed at a time
inline constexpr size_t kPlanThreads = 2;    // plans: validate_only
// Deltas of Watch streams that are built apart; snapshots beyond.
inline constexpr size_t kMaxWaitingDeltas = 64;
inline constexpr size_t kReadThreads = 2;  // of short, and of long reads
// Steps of planning one change (ring/work_budget.h); RESOURCE_EXHAUSTED above.
inline constexpr uint64_t kMaxPlanSteps = 1ull << 28;
// gRPC returns RESOURCE_EXHAUSTED above these.
inline constexpr int kMaxRequestBytes = 4 * 1024 * 1024;
inline constexpr int kMaxMetadataBytes = 16 * 1024;
inline constexpr int kMaxCallsPerConnection = 1000;  // further calls wait
// Maximum values of the flags for these and other bounds on callers.
inline constexpr int kMostRequestBytes = 64 * 1024 * 1024;
inline constexpr int kMostMetadataBytes = 1024 * 1024;
inline constexpr size_t kMostCalls = 1'000'000;

// --- etcd: bounds of one request, below the defaults of etcd (128 operations,
// 1.5 MiB). A larger change is sent in several requests. ---
inline constexpr size_t kEtcdRequestOperations = 100;
inline constexpr size_t kEtcdRequestBytes = 1024ull * 1024;
inline constexpr size_t kEtcdValueBytes = 512ull * 1024;
inline constexpr int64_t kEtcdPageKeys = 128;  // keys of one read
inline constexpr size_t kMaxEtcdEndpoints = 16;
inline constexpr int64_t kMaxEtcdTombstones = 1000;  // the oldest is dropped
inline constexpr size_t kMaxEtcdPrefixBytes = 253;
inline constexpr size_t kMaxEtcdPasswordBytes = 4096;
// Servers of a store in GetStatus. One read of etcd returns them.
inline constexpr int64_t kMaxListedServers = 100;
inline constexpr size_t kMaxServerVersionBytes = 64;

// --- Files of the client library. ---
inline constexpr size_t kMaxRingFileBytes = 1'000'000'000;

// --- Backups: rejected above the bound. ---
inline constexpr size_t kMaxBackupBytes = 2'000'000'000;  // a file

// --- The HTTP port. ---
inline constexpr size_t kHttpThreads = 8;        // for pages
inline constexpr size_t kHttpConnections = 64;   // that send a request or close
inline constexpr size_t kHttpPages = 32;         // at a time; 503 beyond
inline constexpr size_t kHttpScrapeReplies = 4;  // different ones at a time
// Replies of pages that peers have not read yet, in total; 503 beyond, except
// for a single reply.
inline constexpr size_t kHttpReplyBytes = 64ull << 20;
inline constexpr int kHttpBacklog = 128;
inline constexpr size_t kHttpRequestBytes = 64ull * 1024;  // 431 beyond
inline constexpr size_t kHttpFieldBytes = 8'000;  // a header: 431, or the
                                                  // target: 414
inline constexpr int kHttpWaiting = 4;  // requests waiting for the compute slot
// Time in which the shared store must say whether it has a ring that a request
// names and that is not known here.
inline constexpr int kHttpRingSearchMilliseconds = 2'000;
inline constexpr size_t kHttpEventStreams = 100;  // 503 beyond
inline constexpr double kHttpRequestSeconds = 2;  // time for one to arrive
inline constexpr size_t kMostHttpConnections = 10'000;  // maximum of the flags

// --- `clockwise simulate`: bad usage above the bound. ---
inline constexpr uint32_t kMaxSimulatedNodes = 10'000;  // before and after
inline constexpr size_t kMaxSimulatedKeys = 1'000'000;
inline constexpr size_t kMaxSimulatedLayouts = 16;  // rows of the table

// --- `clockwise import`: bad usage above the bound. ---
// The output of nodetool describering for 200 nodes of 256 tokens, with 3 to 5
// endpoints per range, has 20 to 40 MB.
inline constexpr size_t kMaxImportServers = 10'000;
// A file of twemproxy; 10,000 servers of 200 bytes. Its tree in memory is up to
// 80 times as large.
inline constexpr size_t kMaxImportYamlBytes = 2ull * 1024 * 1024;
inline constexpr size_t kMaxImportDepth = 100;  // nested blocks, conditions
inline constexpr size_t kMaxImportSections = 10'000;
inline constexpr size_t kMaxImportBytes = 64ull * 1024 * 1024;  // of the file

// --- `clockwise apply`: bad usage above the bound. ---
inline constexpr size_t kMaxRingConfigBytes = 16ull * 1024 * 1024;  // a file

// --- Access control. Files above the bounds are rejected. ---
inline constexpr size_t kMaxPemBytes = 1024ull * 1024;     // a file
inline constexpr size_t kMaxPolicyBytes = 1024ull * 1024;  // a file
inline constexpr int kMaxGrants = 10'000;
inline constexpr size_t kMaxTokens = 1000;
inline constexpr size_t kMaxTokenBytes = 4096;  // a client's token
// Unknown tokens from one network in a minute. Above the bound, no token of
// this network is checked until the minute is over.
inline constexpr uint32_t kMaxFailedAttempts = 20;
inline constexpr size_t kMaxBlockedPeers = 10'000;  // in memory
// Client certificates whose dates are kept in memory.
inline constexpr size_t kMaxPeerCertificates = 1000;
// Lifetime of a connection, and the further time for its calls to end.
inline constexpr double kConnectionSeconds = 3600;
inline constexpr double kConnectionGraceSeconds = 10;
inline constexpr size_t kAuditFileBytes = 64ull * 1024 * 1024;
inline constexpr size_t kMaxAuditFileBytes = 16ull * 1024 * 1024 * 1024;
inline constexpr int kMaxAuditFiles = 10;        // including the current one
inline constexpr int kMaxAuditNodes = 100;       // named in an entry
inline constexpr int kMaxRefusedAuditNodes = 4;  // in that of a rejected call
// Longer texts are cut. No valid field of a request is longer.
inline constexpr size_t kMaxAuditFieldBytes = 256;

// --- The command and the client library. ---
inline constexpr size_t kMaxServerAddresses = 100;  // in --server
inline constexpr size_t kMaxContexts = 1000;
inline constexpr size_t kMaxContextsFileBytes = 1024ull * 1024;

// --- Metrics. ---
inline constexpr size_t kMaxNodeSeries = 1000;  // per-node series off above

}  // namespace clockwise::limits

#endif  // CLOCKWISE_SERVICE_LIMITS_H_
