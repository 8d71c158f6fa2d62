import { Presets, SingleBar } from 'cli-progress'
import type { ProgressBar } from '#kernel/commands/command'

/** A progress bar for each label, shown only on a terminal. */
export function progressBar(): ProgressBar {
  let current = ''
  const bar = new SingleBar(
    {
      format: '{label} [{bar}] {percentage}% | {eta_formatted} left',
      noTTYOutput: false,
      clearOnComplete: true,
    },
    Presets.shades_classic,
  )
  return {
    update({ label, done, total }) {
      if (!process.stderr.isTTY) return
      if (current !== label) {
        bar.stop()
        bar.start(total, 0, { label })
        current = label
      }
      bar.update(done, { label })
    },
    stop: () => bar.stop(),
  }
}
