"""What the schedules say, held against each other. For schedule_test.sh.

schedule_check.py OPS UNIT CODE…    the files of OPS/kubernetes, and the unit's exit codes
schedule_check.py --filter UNIT     the unit's SystemCallFilter as a container's profile, to stdout
schedule_check.py --config OPS      the configuration of the ConfigMap, to stdout
"""
import json
import pathlib
import subprocess
import sys

import yaml


def fail(text):
    print(text)
    sys.exit(1)


def expect(condition, text):
    if not condition:
        fail(text)


def unit_values(unit, key):
    """Values of a key that may stand there several times."""
    lines = pathlib.Path(unit).read_text().splitlines()
    return [line.split("=", 1)[1] for line in lines if line.startswith(key + "=")]


def documents(ops):
    found = {}
    for file in sorted(pathlib.Path(ops, "kubernetes").glob("*.yaml")):
        for document in yaml.safe_load_all(file.read_text()):
            found[document["kind"]] = document
    return found


def syscall_sets():
    """systemd's sets by name, each with the words that stand in it."""
    said = subprocess.run(["systemd-analyze", "syscall-filter", "--no-pager"], check=True,
                          capture_output=True, text=True).stdout
    sets, words = {}, []
    for line in said.splitlines():
        if line.startswith("@"):
            words = sets.setdefault(line.strip(), [])
        elif line.startswith(" ") and not line.strip().startswith("#"):
            words.append(line.strip())
    return sets


def syscalls(sets, name):
    """Those of a set, and of the sets in it."""
    if not name.startswith("@"):
        return {name}
    return set().union(*(syscalls(sets, word) for word in sets[name]))


def print_filter(unit):
    allowed, sets = set(), syscall_sets()
    for value in unit_values(unit, "SystemCallFilter"):
        names = set().union(*(syscalls(sets, word) for word in value.lstrip("~").split()))
        allowed = allowed - names if value.startswith("~") else allowed | names
    expect("io_uring_setup" in allowed and "mount" not in allowed, "not the filter that was meant")
    expect(unit_values(unit, "SystemCallErrorNumber") == ["EPERM"], "SystemCallErrorNumber")
    # What the service manager itself needs to start a program is always let through.
    allowed |= syscalls(sets, "@default") | {"execve"}
    print(json.dumps({"defaultAction": "SCMP_ACT_ERRNO", "defaultErrnoRet": 1, "lenient": True,
                      "syscalls": [{"names": sorted(allowed), "action": "SCMP_ACT_ALLOW"}]}))


def check_codes(job, unit, codes):
    """One word for each exit code, and the same one everywhere: again, or a person."""
    rules = {rule["action"]: rule["onExitCodes"]["values"] for rule in job["podFailurePolicy"]["rules"]
             if "onExitCodes" in rule}
    person, again = set(rules["FailJob"]), set(rules["Count"])
    prevented = {int(word) for value in unit_values(unit, "RestartPreventExitStatus")
                 for word in value.split()}
    for code in sorted(codes - {0}):
        expect((code in person) != (code in again), f"Kubernetes does not say one thing of exit code {code}")
        expect((code in person) == (code in prevented), f"systemd and Kubernetes differ on exit code {code}")
    expect(again - codes == {137, 143}, "a kill is tried again")
    expect(person | again == (codes - {0}) | {137, 143}, "a code that daybook has not")


def check_pod(cron, found, ops):
    expect(cron["concurrencyPolicy"] == "Forbid", "concurrencyPolicy")
    job = cron["jobTemplate"]["spec"]
    pod = job["template"]["spec"]
    container, = pod["containers"]
    expect(pod["restartPolicy"] == "Never", "podFailurePolicy needs restartPolicy Never")
    rules = job["podFailurePolicy"]["rules"]
    expect({"type": "DisruptionTarget"} in rules[0]["onPodConditions"], "a pod that was moved away counts")
    expect(pod["securityContext"]["seccompProfile"] ==
           {"type": "Localhost", "localhostProfile": "daybook/seccomp.json"}, "seccompProfile")
    security = container["securityContext"]
    expect(not security["allowPrivilegeEscalation"] and security["readOnlyRootFilesystem"]
           and security["capabilities"]["drop"] == ["ALL"], "securityContext")
    expect(container["terminationMessagePolicy"] == "FallbackToLogsOnError", "termination message")
    keys = [entry["valueFrom"]["secretKeyRef"] for entry in container["env"] if "valueFrom" in entry]
    expect(len(keys) == 2, "secrets")
    for key in keys:
        expect(key["name"] == found["Secret"]["metadata"]["name"], "the secret's name")
        expect(key["key"] in found["Secret"]["stringData"], f"the secret has no {key['key']}")
    names = {mount["name"] for mount in container["volumeMounts"]}
    expect(names == {volume["name"] for volume in pod["volumes"]}, "volumes")
    expect(pod["volumes"][0]["configMap"]["name"] == found["ConfigMap"]["metadata"]["name"], "ConfigMap")
    profile = json.loads(pathlib.Path(ops, "kubernetes/seccomp.json").read_text())
    allowed = [name for rule in profile["syscalls"] for name in rule["names"]]
    expect(len(allowed) == len(set(allowed)), "a call stands twice in seccomp.json")
    expect({"io_uring_setup", "io_uring_enter", "io_uring_register"} <= set(allowed), "io_uring")
    expect(not {"ptrace", "mount", "bpf", "unshare", "setns", "keyctl"} & set(allowed), "too much")
    return job


def main():
    if sys.argv[1] == "--filter":
        print_filter(sys.argv[2])
        return
    if sys.argv[1] == "--config":
        print(documents(sys.argv[2])["ConfigMap"]["data"]["daybook.yaml"], end="")
        return
    ops, unit = sys.argv[1:3]
    codes = {int(code) for code in sys.argv[3:]}
    found = documents(ops)
    expect(set(found) == {"CronJob", "ConfigMap", "Secret"}, "the kinds of documents")
    job = check_pod(found["CronJob"]["spec"], found, ops)
    check_codes(job, unit, codes)
    print(f"systemd and Kubernetes agree on {len(codes)} exit codes")


main()
