#!/bin/bash
# Makes a machine a runner at its first boot, and ends the machine when its agent has ended. main.tf sets SECRET_ARN,
# GROUP, MODE, IDLE_TIMEOUT and AGENT_VERSION in the lines before this. Never add set -x: the log would have the token.
set -euo pipefail

program=/usr/local/sbin/circleci-machine
config=/etc/circleci-runner/circleci-runner-config.yaml
units=/etc/systemd/system
locks=/etc/apt/apt.conf.d/90-lock-timeout
region=$(cut -d: -f4 <<<"${SECRET_ARN:?}")
export AWS_DEFAULT_REGION=$region DEBIAN_FRONTEND=noninteractive PATH=$PATH:/snap/bin
export HOME=/root # Not the agent's: jobs can write there, and the AWS CLI reads its configuration from there.

main() {
  case ${1:-install} in
  install) install_runner ;;
  drain) drain ;;
  ended) ended ;;
  esac
}

install_runner() {
  # A machine that cannot become a runner ends, and the group starts another. Ten minutes are for its log.
  trap '[ $? -eq 0 ] || shutdown -h +10' EXIT
  install_packages
  write_config
  write_units
  systemctl daemon-reload
  systemctl enable --now circleci-runner circleci-drain
}

install_packages() {
  # The system's own updates hold apt's locks after a boot.
  systemctl stop apt-daily.timer apt-daily-upgrade.timer apt-daily.service apt-daily-upgrade.service || true
  echo 'DPkg::Lock::Timeout "300";' >"$locks"
  apt-get update
  apt-get install -y curl ca-certificates
  command -v aws >/dev/null || apt-get install -y awscli || snap install aws-cli --classic
  local setup
  setup=$(mktemp)
  curl -fsSL --retry 5 -o "$setup" 'https://packagecloud.io/install/repositories/circleci/runner/script.deb.sh?any=true'
  bash "$setup"
  apt-get install -y "circleci-runner${AGENT_VERSION:+=$AGENT_VERSION}"
}

# The token goes from the AWS CLI to the file through a variable that is not exported, and commands of the shell itself:
# the arguments of a process can be read by all users.
write_config() {
  local name token
  name=$(metadata instance-id)
  token=$(read_token)
  install -m 600 -o circleci -g circleci /dev/null "$config"
  {
    printf 'api:\n  auth_token: "%s"\n' "$token"
    printf 'runner:\n  name: "%s"\n  mode: "%s"\n' "$name" "${MODE:?}"
    [ "$MODE" = single-task ] || printf '  idle_timeout: "%s"\n' "${IDLE_TIMEOUT:?}"
    printf '  working_directory: "/var/lib/circleci-runner/workdir"\n  cleanup_working_directory: true\n'
  } >"$config"
}

# A new role may take a while until it is accepted.
read_token() {
  local token
  for _ in {1..12}; do
    token=$(aws secretsmanager get-secret-value --secret-id "$SECRET_ARN" --query SecretString --output text) && break
    sleep 10
  done
  printf '%s' "${token:?cannot be read from Secrets Manager}"
}

write_units() {
  install -m 755 "$0" "$program"
  install -d $units/circleci-runner.service.d
  # SIGTERM drains: the agent claims no more jobs, and ends with the current one. Only the agent gets it, not the job.
  cat >$units/circleci-runner.service.d/machine.conf <<EOF
[Service]
Restart=no
KillMode=mixed
TimeoutStopSec=infinity
ExecStopPost=+$program ended
EOF
  cat >$units/circleci-drain.service <<EOF
[Unit]
Description=Lets the job end before the machine is terminated

[Service]
ExecStart=$program drain
Restart=on-failure

[Install]
WantedBy=multi-user.target
EOF
}

# Stops the agent when the group is about to terminate the machine, and keeps the machine until the job has ended.
drain() {
  until [ "$(metadata autoscaling/target-lifecycle-state)" = Terminated ]; do sleep 5; done
  systemctl stop --no-block circleci-runner
  local id
  id=$(metadata instance-id)
  while lifecycle record-lifecycle-action-heartbeat "$id" || true; do sleep 60; done
}

# Ends the machine. If the group did not terminate it, the group is told, so that it need not wait for a health check.
ended() {
  trap 'shutdown -h now' EXIT
  local id
  id=$(metadata instance-id)
  if ! complete "$id"; then
    aws autoscaling terminate-instance-in-auto-scaling-group --instance-id "$id" \
      --no-should-decrement-desired-capacity || true
    for _ in {1..12}; do
      sleep 5
      complete "$id" && break
    done
  fi
}

complete() {
  lifecycle complete-lifecycle-action "$1" --lifecycle-action-result CONTINUE
}

lifecycle() {
  aws autoscaling "$1" --auto-scaling-group-name "${GROUP:?}" --lifecycle-hook-name drain --instance-id "$2" "${@:3}"
}

metadata() {
  local session url=http://169.254.169.254/latest
  session=$(curl -fs --retry 5 -X PUT -H 'X-aws-ec2-metadata-token-ttl-seconds: 60' "$url/api/token")
  curl -fs -H "X-aws-ec2-metadata-token: $session" "$url/meta-data/$1"
}

main "$@"
