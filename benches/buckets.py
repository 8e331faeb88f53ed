"""rclone beside us, in one run, on the same buckets of one SeaweedFS: 10,000 small objects, and 2 GB in 20.

    cargo build --release
    python3 benches/buckets.py --rclone PATH [--weed PATH] [--vaultdeck target/release/vaultdeck] [--scale 1.0] [--rounds 3]

`rclone sync` writes the objects into an empty folder; we store them in an empty vault, from `vaultdeck backup start` to its end. Printed
are the medians of the wall times, of the first run and of one on a bucket in which nothing changed, and the ratios. Needs boto3
(tests/requirements.txt).
"""

import argparse
import json
import os
import pathlib
import random
import shutil
import statistics
import subprocess
import sys
import tempfile
import time

ROOT = pathlib.Path(__file__).resolve().parent.parent


def main():
    options = argparse.ArgumentParser()
    options.add_argument("--rclone", default="rclone")
    options.add_argument("--weed", default=str(ROOT / ".venv/bin/weed"))
    options.add_argument("--vaultdeck", default=str(ROOT / "target/release/vaultdeck"))
    options.add_argument("--scale", type=float, default=1.0)
    options.add_argument("--rounds", type=int, default=3)
    options = options.parse_args()
    os.environ["VAULTDECK_WEED"] = options.weed
    sys.path.insert(0, str(ROOT / "tests/e2e"))
    import weed

    with tempfile.TemporaryDirectory(prefix="buckets-") as folder:
        folder = pathlib.Path(folder)
        server = weed.Weed(folder / "weed").start()
        try:
            fill(server.client(), options.scale)
            print("| bucket | run | rclone sync | vaultdeck | ratio |\n| --- | --- | ---: | ---: | ---: |")
            for bucket in ("small", "large"):
                theirs, ours = [], []
                for number in range(options.rounds):
                    theirs.append(sync(options.rclone, server, weed.KEYS, bucket, folder / f"rclone-{number}"))
                    ours.append(back_up(options.vaultdeck, server, weed.KEYS, bucket, folder / f"data-{number}"))
                for run, name in enumerate(("first", "unchanged")):
                    their, our = (statistics.median(times[run] for times in side) for side in (theirs, ours))
                    print(f"| {bucket} | {name} | {their:.2f} s | {our:.2f} s | {our / their:.2f} |")
        finally:
            server.stop()


def fill(store, scale):
    """Content that no two objects share, and that does not compress."""
    print("filling the buckets …", file=sys.stderr)
    for bucket, count, size in (("small", int(10_000 * scale), 4_000), ("large", 20, int(100_000_000 * scale))):
        store.create_bucket(Bucket=bucket)
        source = random.Random(count)
        for number in range(count):
            store.put_object(Bucket=bucket, Key=f"{number % 100:02}/{number:06}", Body=source.randbytes(size))
    # What changed within two seconds of a backup's start is read again by the next.
    time.sleep(3)


def timed(command, environment):
    # What earlier runs left to be written must not slow this one.
    os.sync()
    started = time.monotonic()
    subprocess.run(command, env={**os.environ, **environment}, check=True, stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL)
    return time.monotonic() - started


def sync(program, server, keys, bucket, target):
    remote = f":s3,provider=SeaweedFS,endpoint='{server.url}',env_auth=true:{bucket}"
    environment = {"AWS_ACCESS_KEY_ID": keys["AccessKeyId"], "AWS_SECRET_ACCESS_KEY": keys["SecretAccessKey"], "RCLONE_CONFIG": "/dev/null"}
    times = [timed([program, "sync", "--quiet", remote, str(target)], environment) for _ in range(2)]
    shutil.rmtree(target)
    return times


def back_up(program, server, keys, bucket, data):
    secret = data.with_suffix(".json")
    secret.write_text(json.dumps(keys))
    here = ["--data-dir", str(data)]
    add = [program, "resource", "add", "S3", bucket, "--endpoint", server.url, "--bucket", bucket, "--secret-file", str(secret), *here]
    timed(add, {})
    times = [timed([program, "backup", "start", bucket, "--vault", "Default", *here], {}) for _ in range(2)]
    shutil.rmtree(data)
    return times


if __name__ == "__main__":
    main()
