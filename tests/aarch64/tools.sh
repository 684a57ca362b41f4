# Ends with 77, for skipped, where there is no compiler or no emulator for aarch64.
for tool in aarch64-linux-gnu-gcc qemu-aarch64; do
  command -v "$tool" >/dev/null 2>&1 || { echo "skipped: there is no $tool here"; exit 77; }
done
