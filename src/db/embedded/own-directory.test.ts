import { chmod, lchown, mkdir, mkdtemp, rm, stat, symlink, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, expect, test } from 'vitest'
import { ownDirectory } from './own-directory.ts'

/** Somebody else; only root can give a file away. */
const OTHER = 12_345
const asRoot = test.skipIf(process.getuid?.() !== 0)

let folder: string
beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'doai-own-'))
})
afterEach(() => rm(folder, { recursive: true, force: true }))

const own = (path: string) => ownDirectory(path, 0o700, 'give another one')

test('a folder that is not there is made, and is found again', async () => {
  const path = join(folder, 'a', 'b')
  await own(path)
  await writeFile(join(path, 'admin-token'), 'x')
  await own(path)
  expect((await stat(path)).mode & 0o777).toBe(0o700)
})

test.each([0o777, 0o775, 0o757, 0o1777])('one that others may write to (%o) is refused', async (mode) => {
  await chmod(folder, mode)
  await expect(own(folder)).rejects.toThrow(
    `Others than its owner may write to ${folder}, and may have put something into it: give another one, or look at what is in it and take that from them (chmod go-w).`,
  )
})

asRoot(
  'one that somebody else made is refused, and so is a link that somebody else made to one of our own',
  async () => {
    const path = join(folder, 'theirs')
    await mkdir(path)
    await lchown(path, OTHER, OTHER)
    await expect(own(path)).rejects.toThrow(`${path} belongs to user ${OTHER} and not to you (user 0)`)
    const link = join(folder, 'link')
    await symlink(join(folder, 'ours'), link)
    await mkdir(join(folder, 'ours'))
    await own(link)
    await lchown(link, OTHER, OTHER)
    await expect(own(link)).rejects.toThrow(`${link} belongs to user ${OTHER}`)
  },
)

asRoot('a token or a link in it that somebody else put there is refused', async () => {
  const token = join(folder, 'admin-token')
  await writeFile(token, 'planted')
  await lchown(token, OTHER, OTHER)
  await expect(own(folder)).rejects.toThrow(
    `${token} belongs to user ${OTHER} and not to you (user 0): remove it, or give another one.`,
  )
  await rm(token)
  await symlink('/etc/passwd', join(folder, 'database-url'))
  await own(folder)
  await lchown(join(folder, 'database-url'), OTHER, OTHER)
  await expect(own(folder)).rejects.toThrow('database-url belongs to user')
})
