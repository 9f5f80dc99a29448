// Compiles the headers that cost most of the time of each test, once for all
// (see CMakeLists.txt). It has nothing of its own.
