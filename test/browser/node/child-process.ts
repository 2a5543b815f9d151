/** node:child_process in a page: there are no processes. */
export const spawnSync = () => ({
  status: null,
  stdout: '',
  stderr: '',
  error: new Error('a page starts no processes'),
});
