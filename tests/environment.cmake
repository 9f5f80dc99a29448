# Included by ctest before the tests run. Removes settings of the caller that
# would change the outcome of tests; all tests inherit the result.
cmake_minimum_required(VERSION 3.25)

# Proxies are for npm's packages, not for servers on this machine.
foreach(name no_proxy NO_PROXY)
  if("$ENV{${name}}" STREQUAL "")
    set(ENV{${name}} "localhost,127.0.0.1,::1")
  else()
    set(ENV{${name}} "$ENV{${name}},localhost,127.0.0.1,::1")
  endif()
endforeach()

# Debian's Python must not load modules of another Python. COLUMNS and NO_COLOR
# change the output of the command. systemd sets variables if the tests run in a
# service.
foreach(
  name
  PYTHONHOME
  PYTHONPATH
  PYTHONSTARTUP
  PYTHONWARNINGS
  PYTHONOPTIMIZE
  PYTHONUTF8
  PYTHONIOENCODING
  COLUMNS
  NO_COLOR
  NOTIFY_SOCKET
  WATCHDOG_USEC
  LANGUAGE
  grpc_proxy)
  unset(ENV{${name}})
endforeach()
set(ENV{LC_ALL} C.UTF-8)

# Variables set the flags of clockwised, etcd and GoogleTest, and gRPC's traces.
# `settings` are the variables that our tests read (CLOCKWISE_SEED and others).
set(settings
    KILLS
    CHANGES
    CHAOS_SECONDS
    SEED)
execute_process(COMMAND /usr/bin/env OUTPUT_VARIABLE variables
                                                     COMMAND_ERROR_IS_FATAL ANY)
string(
  REGEX MATCHALL
        "(^|\n)(CLOCKWISE|ETCD|ETCDCTL|GRPC|GTEST)_[A-Z0-9_]+="
        variables
        "${variables}")
foreach(variable ${variables})
  string(
    REGEX
    REPLACE "[\n=]"
            ""
            name
            "${variable}")
  string(
    REPLACE "CLOCKWISE_"
            ""
            setting
            ${name})
  if(NOT
     setting
     IN_LIST
     settings)
    unset(ENV{${name}})
  endif()
endforeach()
